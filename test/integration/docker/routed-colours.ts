import { request } from "node:http";
import type { Socket } from "node:net";
import { loadComposeProject, mergeOverrides, upProject } from "../../../src/docker/compose.ts";
import type { ComposeProject } from "../../../src/docker/compose.ts";
import { openRouter } from "../../../src/docker/router/driver.ts";
import { routedNetworks } from "../../../src/docker/router/routed-networks.ts";
import { routerUp } from "../../../src/docker/router/router-project.ts";
import type { RouterSite } from "../../../src/docker/router/router-project.ts";
import type { Result } from "../../../src/model/failure.ts";
import type { Router, RouterConfig } from "../../../src/model/router.ts";
import { docker, findFreePorts } from "../../rig/light-project.ts";
import { Workbench } from "./workbench.ts";

/** Answers with its colour, service, and path; `/healthz` fails while /sick exists, `/slow` takes 2 s, `/fail` is a 500, `/from` says for whom, `/name` the container's. */
const SERVE = `#!/bin/sh
read -r method path version
upgrade=no; host=
while read -r line; do
  line=\${line%?}
  [ -n "$line" ] || break
  case $line in [Uu]pgrade:*) upgrade=yes ;; [Xx]-[Ff]orwarded-[Pp]roto:*) proto=\${line#*: } ;; [Xx]-[Ff]orwarded-[Ff]or:*) from="$from [\${line#*: }]" ;; esac
done
if [ $upgrade = yes ]; then
  printf 'HTTP/1.1 101 Switching Protocols\\r\\nupgrade: websocket\\r\\nconnection: upgrade\\r\\nsec-websocket-accept: unchecked\\r\\n\\r\\n'
  exec cat
fi
status='200 OK'
case $path in
  */slow) sleep 2 ;;
  */fail) status='500 Internal Server Error' ;;
  /healthz) [ ! -e /sick ] || status='500 Sick' ;;
esac
body="$COLOUR $SERVICE $path $proto"
case $path in */from) body="$body$from" ;; */name) read -r body </etc/hostname ;; esac
printf 'HTTP/1.1 %s\\r\\ncontent-length: %s\\r\\nconnection: close\\r\\n\\r\\n%s' "$status" "\${#body}" "$body"
`;

const DOCKERFILE = `FROM scratch
COPY --from=shell busybox /bin/sh
COPY --from=shell busybox /bin/busybox
RUN ["/bin/busybox", "--install", "/bin"]
COPY serve /serve
RUN chmod 755 /serve
LABEL dev.orchestrate.test=NAME
CMD ["nc", "-ll", "-p", "8080", "-e", "/serve"]
`;

const COMPOSE = `services:
  web: &service
    image: NAME/answer
    stop_signal: SIGKILL
    labels: { dev.orchestrate.test: NAME }
    environment: { COLOUR: $COLOUR, SERVICE: web }
  api:
    <<: *service
    environment: { COLOUR: $COLOUR, SERVICE: api }
  inner:
    <<: *service
    environment: { COLOUR: $COLOUR, SERVICE: inner }
`;

/** An answer of the router. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Two colours of three services, two of them routed, and a router in front of them. */
export class RoutedColours implements AsyncDisposable {
  readonly workbench: Workbench;
  readonly config: RouterConfig;
  readonly site: RouterSite;
  readonly router: Router;

  private constructor(workbench: Workbench, config: RouterConfig) {
    this.workbench = workbench;
    this.config = config;
    this.site = this.siteOf({});
    this.router = openRouter(this.site);
  }

  /** Builds the image; starts nothing. */
  static async create(changes: Partial<RouterConfig> = {}): Promise<RoutedColours> {
    const workbench = await Workbench.create({
      "answer/Dockerfile": DOCKERFILE,
      "answer/serve": SERVE,
      "compose.yaml": COMPOSE,
    });
    const [port = 0, previewPort = 0] = await findFreePorts(2);
    const shell = `shell=${workbench.directory}/shell`;
    const tag = `${workbench.name}/answer`;
    await docker(
      "buildx",
      "build",
      "-q",
      "--provenance=false",
      "--build-context",
      shell,
      "-t",
      tag,
      `${workbench.directory}/answer`,
    );
    return new RoutedColours(workbench, {
      driver: "haproxy",
      colours: ["blue", "green"],
      port,
      previewPort,
      routes: [
        { service: "api", port: 8080, hosts: ["api.example", "*.api.test"], path: "/" },
        { service: "api", port: 8080, hosts: [], path: "/api" },
        { service: "web", port: 8080, hosts: [], path: "/", checkPath: "/healthz" },
      ],
      fragmentFiles: [],
      fragmentPorts: [],
      image: "haproxy:2.6",
      ...changes,
    });
  }

  /** The same place with another configuration. */
  siteOf(changes: Partial<RouterConfig>): RouterSite {
    const { engine, name, directory } = this.workbench;
    return { engine, project: name, config: { ...this.config, ...changes }, workingDirectory: directory };
  }

  /** Starts the router and both colours and waits until the router sees them up. */
  async start(colours: readonly string[] = ["blue", "green"]): Promise<void> {
    valueOf(await routerUp(this.site));
    for (const colour of colours) await this.startColour(colour);
    await this.until(async () => {
      const { backends } = valueOf(await this.router.observe());
      return backends.filter(({ colour }) => colours.includes(colour)).every(({ state }) => state === "up");
    });
  }

  /** Starts the services of a colour on the router's network, each with one container or so many as are asked for. */
  async startColour(colour: string, containers: Readonly<Record<string, number>> = {}): Promise<void> {
    const project = this.composeProject(colour);
    const model = valueOf(await loadComposeProject(project));
    const override = valueOf(routedNetworks(model, { project: this.workbench.name, router: this.config }, colour));
    const scaled = Object.entries(containers).map(([name, scale]) => [name, { scale }] as const);
    valueOf(await upProject(project, { override: mergeOverrides(override, { services: Object.fromEntries(scaled) }) }));
  }

  /** The compose project of a colour. */
  composeProject(colour: string): ComposeProject {
    const { name, directory, engine } = this.workbench;
    const { cliEnvironment } = engine.endpoint;
    return {
      project: `${name}-${colour}`,
      files: ["compose.yaml"],
      workingDirectory: directory,
      variables: { COLOUR: colour },
      environment: cliEnvironment,
    };
  }

  /** Id of the container of a service. */
  async container(colour: string, service: string): Promise<string> {
    const [id] = await this.containers(colour, service);
    return id ?? "";
  }

  /** Ids of the containers of a service. */
  async containers(colour: string, service: string): Promise<readonly string[]> {
    const project = `label=com.docker.compose.project=${this.workbench.name}-${colour}`;
    return await docker(
      "ps",
      "-aq",
      "--no-trunc",
      "--filter",
      project,
      "--filter",
      `label=com.docker.compose.service=${service}`,
    );
  }

  /** Waits until something holds, at most 20 s. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + 20_000;
    while (!(await holds())) {
      if (performance.now() > deadlineMs) throw new Error("it never came");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of ["blue", "green", "router"]) {
      const filter = ["--filter", `label=com.docker.compose.project=${this.workbench.name}-${part}`];
      for (const id of await docker("ps", "-aq", ...filter)) await docker("rm", "--force", "--volumes", id);
      for (const id of await docker("network", "ls", "-q", ...filter)) await docker("network", "rm", id);
      for (const id of await docker("volume", "ls", "-q", ...filter)) await docker("volume", "rm", id);
    }
    await this.workbench[Symbol.asyncDispose]();
  }
}

/** The value of a result; fails with the failure when there is none. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
}

/** One request on a connection of its own. Status 0 is a connection that failed. */
export async function ask(port: number, path = "/", options: { host?: string; method?: string } = {}): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const headers = options.host === undefined ? {} : { host: options.host };
  const call = request({ host: "127.0.0.1", port, path, method: options.method ?? "GET", headers, agent: false });
  call.once("error", (error) => resolve({ status: 0, body: error.message }));
  call.once("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.once("close", () =>
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }),
    );
  });
  call.end();
  return await promise;
}

/** Opens a websocket as far as the router is concerned. */
export async function openWebsocket(port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "b3JjaGVzdHJhdGUtdGVzdA==" };
  const call = request({ host: "127.0.0.1", port, path: "/", headers, agent: false });
  call.once("upgrade", (_, socket) => resolve(socket));
  call.once("response", (response) => reject(new Error(`no upgrade but ${response.statusCode}`)));
  call.once("error", reject);
  call.end();
  return await promise;
}
