"""A real RTSP server (GStreamer's) for the tests.

Usage: rtsp-server.py '{"videos": ["a.mp4"], "user": "u", "password": "p", "digest": false, "tls": ["cert.pem", "key.pem"]}'
Serves the H.264 of the files (MP4, or bare H.264) as the videos of rtsp://127.0.0.1:PORT/cam, sound alone if there is none, and prints the port. It
ends when its standard input does.
"""

import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

options = json.loads(sys.argv[1])
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(str(options.get("port", 0)))

factory = GstRtspServer.RTSPMediaFactory()
def demux(file: str) -> str:
    return "h264parse" if file.endswith(".h264") else "qtdemux"


sound = "audiotestsrc is-live=true ! audioconvert ! alawenc ! rtppcmapay name=pay0 pt=8"
videos = " ".join(
    f"filesrc location={file} ! {demux(file)} ! queue ! rtph264pay config-interval=-1 name=pay{i} pt={96 + i}"
    for i, file in enumerate(options["videos"])
)
factory.set_launch(f"( {videos or sound} )")

if options.get("udpOnly"):
    factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)

if "user" in options or "tls" in options:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if "user" not in options:
        auth.set_default_token(token)  # everybody
    elif options.get("digest"):
        auth.set_supported_methods(2)  # GST_RTSP_AUTH_DIGEST
        auth.add_digest(options["user"], options["password"], token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options["user"], options["password"]), token)
    if "tls" in options:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(*options["tls"]))
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)

server.get_mount_points().add_factory("/cam", factory)
server.attach(None)
loop = GLib.MainLoop()


def end_with_parent() -> None:
    sys.stdin.read()
    GLib.idle_add(loop.quit)


threading.Thread(target=end_with_parent, daemon=True).start()
print(server.get_bound_port(), flush=True)
loop.run()
