"""Texts under the name of a film: playlists and scripts that name other files; and names."""

import zipfile
from io import BytesIO

from hostile_media import HOSTILE, Content, Hostile, Trap, hostile
from media_samples import sample

HEAD = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n"
END = "#EXT-X-ENDLIST\n"


@hostile("playlist.mp4", "HLS playlist naming a film by its absolute path")
def playlist(trap: Trap) -> bytes:
    return f"{HEAD}#EXTINF:3,\n{trap.transport}\n{END}".encode()


@hostile("playlist.ts", "HLS playlist naming the film beside it")
def playlist_beside(trap: Trap) -> bytes:
    return f"{HEAD}#EXTINF:3,\nbeside.ts\n{END}".encode()


@hostile("playlist-url.mp4", "HLS playlist with file: and concat: URLs")
def playlist_url(trap: Trap) -> bytes:
    return (
        f"{HEAD}#EXTINF:3,\nconcat:file:{trap.transport}|file:{trap.text}\n"
        f"#EXTINF:3,\nfile:{trap.transport}\n{END}"
    ).encode()


@hostile("playlist-net.avi", "HLS playlist that calls a network address")
def playlist_net(trap: Trap) -> bytes:
    return f"{HEAD}#EXTINF:3,\nhttp://127.0.0.1:{trap.port}/a.ts\n{END}".encode()


@hostile("playlist-key.mp4", "HLS playlist with key and map in other files")
def playlist_key(trap: Trap) -> bytes:
    return (
        f'{HEAD}#EXT-X-KEY:METHOD=AES-128,URI="{trap.text}"\n#EXT-X-MAP:URI="{trap.film}"\n'
        f"#EXTINF:3,\n{trap.transport}\n{END}"
    ).encode()


@hostile("master.mov", "HLS master playlist that names itself")
def master(trap: Trap) -> bytes:
    return b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmaster.mov\n"


@hostile("script.mp4", "ffconcat script with an absolute path")
def script(trap: Trap) -> bytes:
    return f"ffconcat version 1.0\nfile '{trap.film}'\nduration 5\n".encode()


@hostile("script.avi", "concat script without its first line")
def script_bare(trap: Trap) -> bytes:
    return f"file '{trap.film}'\nfile 'beside.ts'\n".encode()


@hostile("manifest.mp4", "DASH manifest with another file as its base")
def manifest(trap: Trap) -> bytes:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
        f"<Period><AdaptationSet><Representation id='1'><BaseURL>file:{trap.film}</BaseURL>"
        "<SegmentBase/></Representation></AdaptationSet></Period></MPD>"
    ).encode()


@hostile("session.ts", "SDP that makes the reader listen on the network")
def session(trap: Trap) -> bytes:
    return (
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=video {trap.port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    ).encode()


@hostile("entity.jpg", "SVG with an external entity and a linked picture")
def entity(trap: Trap) -> bytes:
    return (
        f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file://{trap.text}">]>'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<image xlink:href="file://{trap.film}"/><text>&x;</text></svg>'
    ).encode()


@hostile("laughs.heic", "XML whose entities grow without end")
def laughs(trap: Trap) -> bytes:
    rows = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(12))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{rows}]><x>&a12;</x>'.encode()


@hostile("drawing.jpg", "MVG drawing that reads a file")
def drawing(trap: Trap) -> bytes:
    return (
        f"push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 'text:{trap.text}'\n"
        "pop graphic-context\n"
    ).encode()


@hostile("index.mp4", "VobSub index that makes the reader open the .sub beside it")
def index(trap: Trap) -> bytes:
    return (
        b"# VobSub index file, v7 (do not modify this line!)\ntimestamp: 00:00:00:000, filepos: 0\n"
    )


@hostile("subtitles.mkv", "subtitles as text, and nothing else")
def subtitles(trap: Trap) -> bytes:
    return b"1\n00:00:00,000 --> 99:59:59,999\n<font face='{\\an8}'>x\n\n" * 2000


@hostile("bomb.jpg", "ZIP that unpacks to 256 MiB")
def bomb(trap: Trap) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("photo.jpg", bytes(256 << 20))
    return packed.getvalue()


@hostile("empty.mp4", "nothing at all")
def empty(trap: Trap) -> bytes:
    return b""


@hostile("one.mp4", "a single byte")
def one(trap: Trap) -> bytes:
    return b"\0"


def film(trap: Trap) -> Content:
    """A sound film; the harm is in its name."""
    return sample("mp4").read_bytes()


def photo(trap: Trap) -> Content:
    """A sound photograph; the harm is in its name."""
    return sample("jpg").read_bytes()


HOSTILE += [
    Hostile(b"-rf.mp4", "a name that is an option", film),
    Hostile(b"-i concat:beside.ts.mp4", "a name that is two options", film),
    Hostile(b"concat:beside.ts|beside.ts.mp4", "a name that is a protocol with two files", film),
    Hostile(b"subfile,,start,0,end,9,,:x.mp4", "a name that is a protocol with options", film),
    Hostile(b"100%d.jpg", "a name that is a pattern; the file it means lies beside it", photo),
    Hostile(b"*.mp4", "a name that is a pattern of the shell", film),
    Hostile(b"$(id) `id`;id|id\n.mp4", "a name that is a command", film),
    Hostile("执法记录仪 0301.mp4".encode("gbk"), "a name in GBK", film),
    Hostile(b"\xff\xfe\x01.mp4", "a name in no encoding", film),
]
