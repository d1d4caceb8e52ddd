import { openEngine } from "../docker/engine.ts";
import type { EngineTarget } from "../docker/endpoint.ts";
import type { Engine } from "../docker/engine.ts";
import type { Result } from "../model/failure.ts";
import type { Surroundings } from "./surroundings.ts";

/** The engines of a command, one for each docker context and ssh address, each opened when it is first asked for. */
export class EngineRoom implements AsyncDisposable {
  readonly #env: Surroundings["env"];
  readonly #engines = new Map<string, Promise<Result<Engine>>>();

  constructor(env: Surroundings["env"]) {
    this.#env = env;
  }

  /** The engine that an environment names; the current one when it names none. An engine that did not answer is asked again. */
  readonly open = async ({ dockerContext, ssh }: EngineTarget = {}): Promise<Result<Engine>> => {
    const key = ssh === undefined ? (dockerContext ?? "") : `ssh://${ssh}`;
    const known = this.#engines.get(key);
    if (known !== undefined) return known;
    const opening = openEngine({
      environment: this.#env,
      ...(dockerContext === undefined ? {} : { dockerContext }),
      ...(ssh === undefined ? {} : { ssh }),
    });
    this.#engines.set(key, opening);
    const result = await opening;
    if (!result.ok) this.#engines.delete(key);
    return result;
  };

  /** Closes the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const opening of this.#engines.values()) {
      const result = await opening;
      if (result.ok) await result.value[Symbol.asyncDispose]();
    }
  }
}
