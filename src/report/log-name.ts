const LONGEST = 180;

/**
 * The name of a task's log file: `images/frontend` → `images.frontend.log`, `release@blue` → `release@blue.log`.
 * Different ids get different names: everything but letters, digits, `_`, `-`, `@` and the slash is written as `%XX`.
 */
export function taskLogName(id: string): string {
  const safe = id.replaceAll(/[^A-Za-z0-9_@/-]/gu, escapeCharacter).replaceAll("/", ".");
  if (safe.length <= LONGEST) return `${safe}.log`;
  return `${safe.slice(0, LONGEST)}%${fnv1a(id)}.log`;
}

function escapeCharacter(character: string): string {
  return `%${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, "0")}`;
}

/** FNV-1a, 32 bits, hexadecimal: tells cut names apart without loading a crypto module. */
function fnv1a(text: string): string {
  let hash = 0x81_1c_9d_c5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01_00_01_93) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}
