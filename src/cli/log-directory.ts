/** Folder of the runs' logs, relative to the project directory. */
export const LOG_DIRECTORY = "logs/docker";
