import { runCommand } from "../../src/docker/command.ts";
import { DEPLOY_ID_VARIABLE, describeChild } from "../../src/docker/orphans.ts";

/** A deployer that is going to be killed: `node orphan-maker.ts DEPLOY` starts a long command and prints its record. */
const [deployId = ""] = process.argv.slice(2);
await runCommand(
  { arguments: ["sleep", "300"], environment: { [DEPLOY_ID_VARIABLE]: deployId } },
  {
    onSpawn: (processId) => {
      const child = describeChild(deployId, processId, "a long command");
      console.log(`${child?.processId} ${child?.startTime}`);
    },
  },
);
