// Send a request to ttad and print its answer: node predict.mjs GROUP KEY < request.json
// Needs the nats package (npm install nats) and Node 18. NATS_URL names the server.
import { readFileSync } from "node:fs";
import { connect } from "nats";

const [group, key] = process.argv.slice(2);
const nc = await connect({ servers: process.env.NATS_URL ?? "nats://127.0.0.1:4222" });
const answers = nc.subscribe(`tta.${group}.out.${key}`);
const refusals = nc.subscribe(`tta.${group}.dlq`); // the reason, when there is no answer
await nc.flush();
const ack = await nc.jetstream().publish(`tta.${group}.in.${key}`, readFileSync(0));

const mine = async (messages) => {
  for await (const msg of messages) {
    if (msg.headers?.get("Ttad-Src-Seq") === String(ack.seq)) return msg;
  }
};
const msg = await Promise.race([mine(answers), mine(refusals)]);
const error = msg.headers.get("Ttad-Error");
console.log(error ? `${msg.headers.get("Ttad-Error-Code")}: ${error}` : msg.string());
await nc.close();
process.exitCode = error ? 1 : 0;
