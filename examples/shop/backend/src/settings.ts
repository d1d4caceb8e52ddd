/** What the backend is told from outside. Read once, at start. */
export interface Settings {
  /** blue, green or development; shown in every answer. */
  readonly environment: string;
  /** The release that was deployed, or "unreleased". */
  readonly release: string;
  readonly databaseUrl: string;
  readonly mlUrl: string;
  readonly port: number;
  /** How long one call of the ml service may take. */
  readonly mlTimeoutMs: number;
}

/** Reads the settings from environment variables. Throws when DATABASE_URL is not set. */
export function readSettings(variables: NodeJS.ProcessEnv): Settings {
  const databaseUrl = variables["DATABASE_URL"];
  if (databaseUrl === undefined || databaseUrl === "") {
    throw new Error("DATABASE_URL is not set: give it as postgresql://user:password@host:5432/database");
  }
  return {
    environment: variables["SHOP_ENVIRONMENT"] ?? "development",
    release: variables["SHOP_RELEASE"] ?? "unreleased",
    databaseUrl,
    mlUrl: variables["ML_URL"] ?? "http://ml:8000",
    port: Number(variables["PORT"] ?? "3000"),
    mlTimeoutMs: 5_000,
  };
}
