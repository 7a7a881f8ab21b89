"""What all boards of a broker see, each event once, with paho-mqtt 2 (`pip install -r examples/requirements.txt`):

python3 examples/python.py 192.168.1.10 1883
"""

import json
import sys

import paho.mqtt.client as mqtt


class Camera:
    """How far the events of one camera have come."""

    def __init__(self):
        self.stream = None
        self.last = None  # all up to here were had, or told of as missing

    def take(self, message):
        """What is new in a message: a list of ("event", message) and ("missing", from, to)."""
        if message["type"] == "gap":  # the board says that these will never come
            first, to = message["from"], message["to"]
            if self.last is not None:
                first = self.last + 1
            if to < first:
                return []
            self.last = to
            return [("missing", first, to)]
        stream, seq = message["stream"], message["seq"]
        if stream != self.stream:
            # The first event at all; or the board lost its numbers, and counts anew from 1.
            self.last = seq - 1 if self.stream is None else 0
            self.stream = stream
        if seq <= self.last:
            return []  # QoS 1: had already
        news = [("missing", self.last + 1, seq - 1)] if seq > self.last + 1 else []
        self.last = seq
        return [*news, ("event", message)]


cameras = {}


def on_connect(client, userdata, flags, reason, properties):
    if reason.is_failure:
        print(f"the broker says: {reason}", file=sys.stderr)
        return
    client.subscribe("minspnet/+/+/events", qos=1)


def on_subscribe(client, userdata, mid, reasons, properties):
    print("subscribed", flush=True)


def on_message(client, userdata, packet):
    _, node, camera, _ = packet.topic.split("/")
    try:
        message = json.loads(packet.payload)
        news = cameras.setdefault((node, camera), Camera()).take(message)
    except (ValueError, KeyError, TypeError) as error:
        print(f"{packet.topic}: not what the contract says: {error!r}", file=sys.stderr)
        return
    for kind, *what in news:
        if kind == "missing":
            print(f"{node}/{camera}: {what[0]} to {what[1]} will not come", flush=True)
        else:
            event = what[0]
            print(f"{node}/{camera}: {event['seq']} {event['type']} {event['class']} {event['score']:.0%}", flush=True)


# `clean_session=False` with an id of its own: the broker keeps events while this program is away.
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="minspnet-example", clean_session=False)
client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.on_message = on_message
client.connect(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 1883)
try:
    client.loop_forever()
except KeyboardInterrupt:
    client.disconnect()
