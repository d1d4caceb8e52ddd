export function killAllCommands(): void {}
