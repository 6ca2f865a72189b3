"""Python's multiprocessing.Queue, in the worker protocol of src/worker-messages.ts.

    python3 python-queue.py CAPACITY QUEUES JOBS

The queues and the workers have one parent, for a queue is handed to a process when it is forked and not found by a name.
The standard input and output of worker i are descriptor 3 + i, one for both; it reads its job there.
"""

import ctypes
import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import time

FIRST_DESCRIPTOR = 3
WARM_UP_ROUND_TRIPS = 20
LABEL_BYTES = 10


def die_with_parent():
    """One that waits would not notice that its parent is gone."""
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def now_ms():
    return time.monotonic_ns() / 1e6


def make_item(producer, number, item_bytes):
    label = b"%d%09d" % (producer, number)
    return label + b"x" * (item_bytes - 2 * LABEL_BYTES) + label


def arrivals_of(items, put, item_bytes):
    """As src/arrivals.ts: each item once, each producer's in order."""
    seen = [bytearray((count + 7) // 8) for count in put]
    last = [-1] * len(put)
    fault = None
    for item in items:
        label = item[:LABEL_BYTES]
        if len(item) != item_bytes or label != item[-LABEL_BYTES:] or not label.isdigit():
            fault = fault or "an item that nobody put: %d bytes" % len(item)
            continue
        producer, number = int(label[:1]), int(label[1:])
        if producer >= len(put) or number >= put[producer]:
            fault = fault or "item %d of producer %d, which nobody put" % (number, producer)
            continue
        bit = 1 << (number & 7)
        if seen[producer][number >> 3] & bit:
            fault = fault or "item %d of producer %d came twice" % (number, producer)
        seen[producer][number >> 3] |= bit
        if number < last[producer]:
            fault = fault or "item %d of producer %d came after its item %d" % (number, producer, last[producer])
        last[producer] = number
    report = {"count": len(items), "seen": [bits.hex() for bits in seen]}
    if fault is not None:
        report["fault"] = fault
    return report


# Python is slow enough to make and check items that it would be noticed: both are done outside of the time.
def produce(job, queues, go):
    [queue] = queues
    items = [make_item(job["index"], number, job["itemBytes"]) for number in range(job["count"])]
    go()
    started_at = now_ms()
    for item in items:
        queue.put(item)
    return {"startedAt": started_at, "endedAt": now_ms()}


def consume(job, queues, go):
    [queue] = queues
    items = [None] * job["count"]
    go()
    started_at = now_ms()
    for at in range(len(items)):
        items[at] = queue.get()
    ended_at = now_ms()
    arrivals = arrivals_of(items, job["put"], job["itemBytes"])
    return {"startedAt": started_at, "endedAt": ended_at, "arrivals": arrivals}


def call(job, queues, go):
    there, back = queues
    count = job["count"] + WARM_UP_ROUND_TRIPS
    items = [make_item(0, number, job["itemBytes"]) for number in range(count)]
    times = []
    go()
    started_at = now_ms()
    for item in items:
        sent_at = now_ms()
        there.put(item)
        answer = back.get()
        times.append(now_ms() - sent_at)
        if answer != item:
            raise ValueError("a round trip brought another item")
    return {"startedAt": started_at, "endedAt": now_ms(), "roundTripsMs": times[WARM_UP_ROUND_TRIPS:]}


def echo(job, queues, go):
    there, back = queues
    go()
    started_at = now_ms()
    for _ in range(job["count"] + WARM_UP_ROUND_TRIPS):
        back.put(there.get())
    return {"startedAt": started_at, "endedAt": now_ms()}


ROLES = {"producer": produce, "consumer": consume, "caller": call, "echo": echo}


def work(descriptor, queues):
    die_with_parent()
    lines = os.fdopen(descriptor, "r", encoding="utf8", closefd=False)
    out = os.fdopen(os.dup(descriptor), "w", encoding="utf8")

    def hear(kind):
        line = lines.readline()
        if line == "":
            os._exit(1)  # A parent that is gone wants no result.
        message = json.loads(line)
        if message["kind"] != kind:
            raise ValueError("expected %s, got %s" % (kind, message["kind"]))
        return message

    def say(message):
        out.write(json.dumps(message) + "\n")
        out.flush()

    def go():
        say({"kind": "ready"})
        hear("go")

    try:
        job = hear("job")["job"]
        report = ROLES[job["role"]](job, queues, go)
        say({"kind": "done", "report": report})
        hear("end")
    except Exception as error:
        say({"kind": "failed", "reason": "%s: %s" % (type(error).__name__, error)})
        os._exit(1)


def main():
    die_with_parent()
    capacity, queue_count, job_count = (int(text) for text in sys.argv[1:])
    # Forked, as was the default on Linux until Python 3.14: the descriptors and the queues are there without more ado.
    context = multiprocessing.get_context("fork")
    # maxsize: the most items in the queue; put() waits for room.
    queues = [context.Queue(maxsize=capacity) for _ in range(queue_count)]
    workers = [
        context.Process(target=work, args=(FIRST_DESCRIPTOR + index, queues)) for index in range(job_count)
    ]
    for worker in workers:
        worker.start()
    while workers:
        multiprocessing.connection.wait([worker.sentinel for worker in workers])
        for worker in [worker for worker in workers if worker.exitcode is not None]:
            if worker.exitcode != 0:
                os._exit(1)
            workers.remove(worker)


if __name__ == "__main__":
    main()
