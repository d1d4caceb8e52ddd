import { COMMANDS } from "../../src/cli/command-table.ts";
import type { CommandDeclaration, OptionDeclaration } from "../../src/cli/command-declaration.ts";

/** docs/commands.md: every command with its options and examples, from the table that the parser is made from. */
export function renderCommandsPage(): string {
  const lines = [
    "# Commands",
    "",
    "Generated from `src/cli/command-table.ts` by `make generate`. `orchestrate COMMAND --help` prints the same.",
    "",
    ...COMMANDS.map((command) => `- [\`${command.name}\`](#${command.name}): ${command.summary}`),
    "",
    ...COMMANDS.flatMap(renderCommand),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function renderCommand(command: CommandDeclaration): readonly string[] {
  const argument = command.argument === undefined ? "" : ` ${command.argument.notation}`;
  return [
    `## ${command.name}`,
    "",
    "```",
    `orchestrate ${command.name}${argument} [options]`,
    "```",
    "",
    command.description.replaceAll("\n", " "),
    "",
    ...(command.argument === undefined
      ? []
      : [`\`${command.argument.notation}\`: ${command.argument.description}`, ""]),
    "| option | |",
    "|---|---|",
    ...command.options.map((option) => `| ${describeOption(option)} | ${escapeCell(option.description)} |`),
    "",
    "```sh",
    ...command.examples.map((example) => `${example.command.padEnd(64)} # ${example.effect}`),
    "```",
    "",
  ];
}

function describeOption({ name, short, value }: OptionDeclaration): string {
  const forms = [...(short === undefined ? [] : [`\`-${short}\``]), `\`--${name}${describeValue(value)}\``];
  return forms.join(", ");
}

function describeValue(value: OptionDeclaration["value"]): string {
  switch (value.type) {
    case "flag":
      return "";
    case "text":
    case "list":
      return ` ${value.placeholder}`;
    case "size":
      return " SIZE";
    case "duration":
      return " TIME";
    case "count":
      return " N";
    case "choice":
      return ` ${value.choices.join("\\|")}`;
  }
}

function escapeCell(text: string): string {
  return text.replaceAll("|", String.raw`\|`);
}
