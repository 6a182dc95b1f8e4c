// Tell ttad what a row really was: node label.mjs GROUP ID CLASS [ROW]
// ID is the "id" of the answer, CLASS the index or the name of a class, ROW 0 unless
// the message had several. Needs the nats package and Node 18. NATS_URL names the server.
import { connect } from "nats";

const [group, id, label, row = "0"] = process.argv.slice(2);
const nc = await connect({ servers: process.env.NATS_URL ?? "nats://127.0.0.1:4222" });
const body = { id, row: Number(row), label: /^\d+$/.test(label) ? Number(label) : label };
// The message id makes a repeat after a lost acknowledgement harmless.
const msgID = `label-${id}-${row}-${label}`;
await nc.jetstream().publish(`tta.${group}.feedback`, JSON.stringify(body), { msgID });
await nc.close();
