"""Send a request to ttad and print its answer: predict.py GROUP KEY < request.json

Needs nats-py (pip install nats-py) and Python 3.8. NATS_URL names the server.
"""
import asyncio, os, sys
import nats


async def main(group, key):
    nc = await nats.connect(os.environ.get("NATS_URL", "nats://127.0.0.1:4222"))
    answers = asyncio.Queue()
    for subject in (f"tta.{group}.out.{key}", f"tta.{group}.dlq"):  # an answer, or the reason there is none
        await nc.subscribe(subject, cb=answers.put)
    await nc.flush()
    ack = await nc.jetstream().publish(f"tta.{group}.in.{key}", sys.stdin.buffer.read())
    while True:
        msg = await asyncio.wait_for(answers.get(), timeout=30)
        if (msg.headers or {}).get("Ttad-Src-Seq") == str(ack.seq):
            break
    error = msg.headers.get("Ttad-Error")
    print(f"{msg.headers['Ttad-Error-Code']}: {error}" if error else msg.data.decode())
    await nc.close()
    return 1 if error else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:3])))
