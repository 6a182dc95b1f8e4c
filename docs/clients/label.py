"""Tell ttad what a row really was: label.py GROUP ID CLASS [ROW]

ID is the "id" of the answer, CLASS the index or the name of a class, ROW 0 unless
the message had several. Needs nats-py and Python 3.8. NATS_URL names the server.
"""
import asyncio, json, os, sys
import nats


async def main(group, item, label, row="0"):
    nc = await nats.connect(os.environ.get("NATS_URL", "nats://127.0.0.1:4222"))
    body = {"id": item, "row": int(row), "label": int(label) if label.isdigit() else label}
    # The message id makes a repeat after a lost acknowledgement harmless.
    headers = {"Nats-Msg-Id": f"label-{item}-{row}-{label}"}
    await nc.jetstream().publish(f"tta.{group}.feedback", json.dumps(body).encode(), headers=headers)
    await nc.close()


asyncio.run(main(*sys.argv[1:5]))
