import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseShellScript } from "../../../src/config/shell-script.ts";
import { describeTemplate } from "../../../src/model/template.ts";
import { pipelineOf, problems, taskOf } from "./written-project.ts";

function script(text: string): string {
  const parsed = parseShellScript(text);
  if (!parsed.ok) throw new Error(parsed.problem.message);
  return parsed.value.script;
}

describe("parseShellScript", () => {
  it.each([
    ["echo ${var.x}", 'echo "${ORC_1}"'],
    ["echo a${var.x}b", 'echo a"${ORC_1}"b'],
    ['echo "a ${var.x} b"', 'echo "a ${ORC_1} b"'],
    ["echo 'a ${var.x} b'", `echo 'a '"\${ORC_1}"' b'`],
    ["echo ${X} ${Y} ${X}", 'echo "${ORC_1}" "${ORC_2}" "${ORC_1}"'],
    ["echo $HOME $? $$ $(date) `date` $1", "echo $HOME $? $$ $(date) `date` $1"],
    ["for i in a b; do echo $${i}; done", "for i in a b; do echo ${i}; done"],
    ['echo "it\'s ${X}"', 'echo "it\'s ${ORC_1}"'],
    ["echo it\\'s ${X}", `echo it\\'s "\${ORC_1}"`],
    ['echo \\"${X}\\"', 'echo \\""${ORC_1}"\\"'],
    ["# don't ${X}\necho ${X}", `# don't \${ORC_1}\necho "\${ORC_1}"`],
    ["echo a#b'${X}'", `echo a#b''"\${ORC_1}"''`],
    ["echo \"$(cat '${X}')\" ${Y}", `echo "$(cat ''"\${ORC_1}"'')" "\${ORC_2}"`],
    ['echo "`cat ${X}`" "${Y}"', 'echo "`cat "${ORC_1}"`" "${ORC_2}"'],
    ["cat <<EOF\nit's ${X}\nEOF\necho ${X}", `cat <<EOF\nit's \${ORC_1}\nEOF\necho "\${ORC_1}"`],
    ["cat <<-EOF\n\t${X}\n\tEOF\necho '${X}'", `cat <<-EOF\n\t\${ORC_1}\n\tEOF\necho ''"\${ORC_1}"''`],
    ["cat <<'EOF'\nit's $HOME\nEOF\necho ${X}", `cat <<'EOF'\nit's $HOME\nEOF\necho "\${ORC_1}"`],
    ["(cd ${X} && ls) | wc", '(cd "${ORC_1}" && ls) | wc'],
    ["case ${X} in a) echo '${Y}';; esac", `case "\${ORC_1}" in a) echo ''"\${ORC_2}"'';; esac`],
  ])("%j becomes %j", (text, expected) => {
    expect(script(text)).toBe(expected);
  });

  it.each(["${i%.*}", "${#list}", "${1}", "${x//a/b}", "${@}"])("hints how to write the shell's own %s", (text) => {
    const parsed = parseShellScript(`echo ${text}`);
    expect(parsed).toMatchObject({
      ok: false,
      problem: { part: text, hint: `if it belongs to the shell, write \`$${text}\`` },
    });
  });

  it("refuses a reference in a here-document that replaces nothing", () => {
    expect(parseShellScript("cat <<'EOF'\n${X}\nEOF\n")).toMatchObject({ ok: false, problem: { part: "${X}" } });
  });

  it("leaves scripts without references as they are, whatever they hold", () => {
    const pieces = fc.constantFrom(
      "a",
      " ",
      "'",
      '"',
      "\\",
      "$",
      "$(",
      ")",
      "`",
      "#",
      "\n",
      "<<EOF\n",
      "EOF",
      "(",
      "$x",
      "$$",
    );
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        const text = parts.join("");
        return text.includes("${") || script(text) === text;
      }),
    );
    expect(script("")).toBe("");
  });
});

describe("run as a string", () => {
  it("passes the values in the environment, late ones too", () => {
    const file =
      'variables: { x: "a\'; rm -rf /" }\ntasks:\n  a: { run: x }\n' +
      "  b:\n    run:\n      command: echo ${var.x} ${tasks.a.out} ${run.id}\n      env: { MODE: fast }\n";
    const { run, needs } = taskOf(pipelineOf(file), "b", "run");
    expect(run.command).toEqual({ form: "shell", script: 'echo "${ORC_1}" "${ORC_2}" "${ORC_3}"' });
    const environment = Object.entries(run.environment).map(([name, value]) => `${name}=${describeTemplate(value)}`);
    expect(environment).toEqual(["MODE=fast", "ORC_1=a'; rm -rf /", "ORC_2=${tasks.a.out}", "ORC_3=${run.id}"]);
    expect(needs.map(({ task }) => task)).toEqual(["a"]);
  });

  it("reports problems at their place in the script", () => {
    const file = "tasks:\n  a:\n    run: |\n      echo one\n      echo ${list[0]}\n  b:\n    run: echo ${NONE}\n";
    expect(problems({ "pipelines/main.yaml": file })).toEqual([
      "pipelines/main.yaml:5:12 interpolation-invalid",
      "pipelines/main.yaml:7:15 variable-unset",
    ]);
  });
});
