"""The part of the Hub's API that reading and pushing a dataset needs, behind a real HTTP server.

    with HubServer() as hub:
        hub.add("ORG/NAME", {"data/fi.json": b"..."})
        subprocess.run(..., env={**os.environ, **hub.environment(folder)})
        hub.repos["ORG/NAME"].commits

It speaks: create a repository, describe one, its tree, upload modes, the LFS batch and its uploads, a commit, and files with their
ETag and commit headers, whole or in ranges. It knows two tokens: WRITER may do everything, READER may read; an upload needs
none, as at the signed addresses of the Hub.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

WRITER, READER = "hf_writertokenwritertokenwritertoken", "hf_readertokenreadertokenreadertoken"
_REPO = r"(?P<repo>[^/]+/[^/]+)"


def digest(data: bytes) -> str:
    """As long as a Git object's name; the server's own, not Git's."""
    return hashlib.sha1(data).hexdigest()


@dataclass
class Commit:
    """What one commit did, by path."""

    message: str
    added: dict[str, bytes]
    deleted: list[str]


@dataclass
class Repo:
    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)

    @property
    def sha(self) -> str:
        return digest(repr(sorted((path, digest(data)) for path, data in self.files.items())).encode())


class HubServer:
    """`requests` has every request as (method, path); `fails` maps a piece of a path to the status it is answered with."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.blobs: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.fails: dict[str, int] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self._server.daemon_threads = True

    def add(self, repo: str, files: Mapping[str, bytes], *, private: bool = False) -> None:
        self.repos[repo] = Repo(private, dict(files))

    def environment(self, home: Path, token: str | None = WRITER) -> dict[str, str]:
        """Settings for a process that shall take this server for the Hub, with its own empty cache under `home`."""
        given = {"HF_TOKEN": token} if token else {}
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_OFFLINE": "0",
            **given,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self._route()

    do_HEAD = do_POST = do_PUT = do_GET

    def _route(self) -> None:
        path = unquote(urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hub.requests.append((self.command, path))
        for piece, status in self.hub.fails.items():
            if piece in path:
                return self._json({"error": "told to fail"}, status)
        for method, pattern, handle in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and self.command in method:
                names = match.groupdict()
                if refusal := self._refusal(names.get("repo")):
                    code = {"X-Error-Code": "RepoNotFound"} if refusal[0] == 404 else {}
                    return self._json({"error": refusal[1]}, refusal[0], {"X-Error-Message": refusal[1], **code})
                return handle(self, body, **names)
        return self._json({"error": f"no route {self.command} {path}"}, 404)

    def _refusal(self, repo: str | None) -> tuple[int, str] | None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token and token not in (WRITER, READER):
            return 401, "Invalid credentials in Authorization header"
        writes = self.command == "POST" and not re.search("validate-yaml|paths-info", self.path)
        if writes and not token:
            return 401, "Invalid username or password."
        if writes and token == READER:
            return 403, "Forbidden: you need a token with write access"
        if repo and (repo not in self.hub.repos or (self.hub.repos[repo].private and not token)):
            return 404 if token else 401, "Repository not found"
        return None

    def _create(self, body: bytes) -> None:
        asked = json.loads(body)
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        answer = {"url": f"{self.hub.url}/datasets/{name}"}
        if name in self.hub.repos:
            return self._json({**answer, "error": "You already created this dataset repo"}, 409)
        self.hub.repos[name] = Repo(private=asked.get("private") is True or asked.get("visibility") == "private")
        return self._json(answer)

    def _info(self, body: bytes, repo: str, revision: str | None = None) -> None:
        found = self.hub.repos[repo]
        siblings = [{"rfilename": path} for path in sorted(found.files)]
        self._json({"id": repo, "sha": found.sha, "private": found.private, "siblings": siblings, "tags": []})

    def _tree(self, body: bytes, repo: str, revision: str, under: str | None = None) -> None:
        start = f"{under}/" if under else ""
        files = {path: data for path, data in self.hub.repos[repo].files.items() if path.startswith(start)}
        if not files:
            return self._json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
        folders = {path[: path.index("/", len(start))] for path in files if "/" in path[len(start) :]}
        entries = [{"type": "directory", "path": path, "oid": digest(path.encode())} for path in sorted(folders)]
        whole = "recursive=true" in self.path.lower()
        found = [_entry(path, data) for path, data in sorted(files.items()) if whole or "/" not in path[len(start) :]]
        return self._json(entries + found)

    def _paths(self, body: bytes, repo: str, revision: str) -> None:
        found = self.hub.repos[repo].files
        asked = json.loads(body)["paths"]
        self._json([_entry(path, found[path]) for path in asked if path in found])

    def _preupload(self, body: bytes, repo: str, revision: str) -> None:
        files = json.loads(body)["files"]
        modes = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(".parquet") else "regular",
                "shouldIgnore": False,
            }
            for file in files
        ]
        self._json({"files": modes})

    def _batch(self, body: bytes, repo: str) -> None:
        objects = [
            {**wanted, "actions": {"upload": {"href": f"{self.hub.url}/lfs/{wanted['oid']}"}}}
            if wanted["oid"] not in self.hub.blobs
            else wanted
            for wanted in json.loads(body)["objects"]
        ]
        self._json({"transfer": "basic", "objects": objects})

    def _upload(self, body: bytes, oid: str) -> None:
        assert hashlib.sha256(body).hexdigest() == oid
        self.hub.blobs[oid] = body
        self._json({})

    def _commit(self, body: bytes, repo: str, revision: str) -> None:
        commit = Commit("", {}, [])
        for line in body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            match operation["key"]:
                case "header":
                    commit.message = value["summary"]
                case "file":
                    commit.added[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    commit.added[value["path"]] = self.hub.blobs[value["oid"]]
                case "deletedFile":
                    commit.deleted.append(value["path"])
        found = self.hub.repos[repo]
        found.files.update(commit.added)
        for path in commit.deleted:
            del found.files[path]
        found.commits.append(commit)
        self._json({"commitUrl": f"{self.hub.url}/datasets/{repo}/commit/{found.sha}", "commitOid": found.sha})

    def _file(self, body: bytes, repo: str, revision: str, path: str) -> None:
        found = self.hub.repos[repo]
        if path not in found.files:
            return self._json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
        data = found.files[path]
        headers = {"ETag": f'"{digest(data)}"', "X-Repo-Commit": found.sha, "Accept-Ranges": "bytes"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked is None:
            return self._send(200, data, headers)
        start, end = int(asked[1]), min(int(asked[2] or len(data) - 1), len(data) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
        return self._send(206, data[start : end + 1], headers)

    def _validate(self, body: bytes) -> None:
        self._json({"errors": [], "warnings": []})

    def _json(self, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _entry(path: str, data: bytes) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": len(data), "oid": digest(data)}


_ROUTES = (
    ("POST", "/api/repos/create", _Handler._create),
    ("POST", "/api/validate-yaml", _Handler._validate),
    ("GET", f"/api/datasets/{_REPO}(?:/revision/(?P<revision>[^/]+))?", _Handler._info),
    ("GET", f"/api/datasets/{_REPO}/tree/(?P<revision>[^/]+)(?:/(?P<under>.+))?", _Handler._tree),
    ("POST", f"/api/datasets/{_REPO}/paths-info/(?P<revision>[^/]+)", _Handler._paths),
    ("POST", f"/api/datasets/{_REPO}/preupload/(?P<revision>[^/]+)", _Handler._preupload),
    ("POST", f"/api/datasets/{_REPO}/commit/(?P<revision>[^/]+)", _Handler._commit),
    ("POST", f"/datasets/{_REPO}\\.git/info/lfs/objects/batch", _Handler._batch),
    ("PUT", "/lfs/(?P<oid>[0-9a-f]+)", _Handler._upload),
    (("GET", "HEAD"), f"/datasets/{_REPO}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", _Handler._file),
)
