"""The part of the Hub's API that reading and pushing a dataset needs, behind a real HTTP server.

    with HubServer() as hub:
        hub.add("ORG/NAME", {"data/fi.json": b"..."})
        subprocess.run(..., env={**os.environ, **hub.environment(folder)})
        hub.repos["ORG/NAME"].commits

It speaks: create a repository, list datasets by tag, describe one, its tree, upload modes, the LFS
batch and its uploads, a commit, a pull request, and files with their ETag and commit headers, whole
or in ranges. Models and datasets of one name are one repository. It knows two tokens: WRITER may do
everything, READER may read; an upload needs none, as at the signed addresses of the Hub.
"""

import argparse
import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.base import HttpRequest, HttpResponse, HttpServer

WRITER, READER = "hf_writertokenwritertokenwritertoken", "hf_readertokenreadertokenreadertoken"
_REPO = r"(?P<repo>[^/]+/[^/]+)"


def digest(data: bytes) -> str:
    """A hash as long as the name of a Git object."""
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
    requests: list[Commit] = field(default_factory=list)
    """Pull requests."""

    @property
    def sha(self) -> str:
        return digest(repr(sorted((path, digest(data)) for path, data in self.files.items())).encode())


class HubServer(HttpServer):
    """`fails` maps a piece of a path to the status that it is answered with."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.repos: dict[str, Repo] = {}
        self.blobs: dict[str, bytes] = {}
        self.fails: dict[str, int] = {}

    def add(self, repo: str, files: Mapping[str, bytes], *, private: bool = False) -> None:
        self.repos[repo] = Repo(private, dict(files))

    def environment(self, home: Path, token: str | None = WRITER) -> dict[str, str]:
        """Variables that make a process use this server as the Hub, with its cache in `home`."""
        given = {"HF_TOKEN": token} if token else {}
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_OFFLINE": "0",
            **given,
        }

    async def respond(self, request: HttpRequest) -> HttpResponse | None:
        path = request.path
        for piece, status in self.fails.items():
            if piece in path:
                return HttpResponse({"error": "told to fail"}, status)
        for methods, pattern, handle in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and request.method in methods:
                names = match.groupdict()
                return self._refusal(request, names.get("repo")) or handle(self, request, **names)
        return HttpResponse({"error": f"no route {request.method} {path}"}, 404)

    def _refusal(self, request: HttpRequest, repo: str | None) -> HttpResponse | None:
        token = request.token
        if token and token not in (WRITER, READER):
            return _refused(401, "Invalid credentials in Authorization header")
        writes = request.method == "POST" and not re.search("validate-yaml|paths-info", request.path)
        if writes and not token:
            return _refused(401, "Invalid username or password.")
        if writes and token == READER:
            return _refused(403, "Forbidden: you need a token with write access")
        if repo and (repo not in self.repos or (self.repos[repo].private and not token)):
            return _refused(404 if token else 401, "Repository not found")
        return None

    def _create(self, request: HttpRequest) -> HttpResponse:
        asked = request.json()
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        answer = {"url": f"{self.url}/datasets/{name}"}
        if name in self.repos:
            return HttpResponse({**answer, "error": "You already created this dataset repo"}, 409)
        self.repos[name] = Repo(private=asked.get("private") is True or asked.get("visibility") == "private")
        return HttpResponse(answer)

    def _list(self, request: HttpRequest) -> HttpResponse:
        """The public datasets whose cards have every tag that is asked for."""
        wanted = parse_qs(urlsplit(request.target).query).get("filter", [])
        found = [
            name
            for name, repo in self.repos.items()
            if not repo.private and all(f"- {tag}\n".encode() in repo.files.get("README.md", b"") for tag in wanted)
        ]
        return HttpResponse([{"id": name, "tags": wanted} for name in found])

    def _info(self, request: HttpRequest, repo: str, revision: str | None = None) -> HttpResponse:
        found = self.repos[repo]
        siblings = [{"rfilename": path} for path in sorted(found.files)]
        return HttpResponse({"id": repo, "sha": found.sha, "private": found.private, "siblings": siblings, "tags": []})

    def _tree(self, request: HttpRequest, repo: str, revision: str, under: str | None = None) -> HttpResponse:
        start = f"{under}/" if under else ""
        files = {path: data for path, data in self.repos[repo].files.items() if path.startswith(start)}
        if not files:
            return HttpResponse({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
        folders = {path[: path.index("/", len(start))] for path in files if "/" in path[len(start) :]}
        entries = [{"type": "directory", "path": path, "oid": digest(path.encode())} for path in sorted(folders)]
        whole = "recursive=true" in request.target.lower()
        found = [_entry(path, data) for path, data in sorted(files.items()) if whole or "/" not in path[len(start) :]]
        return HttpResponse(entries + found)

    def _paths(self, request: HttpRequest, repo: str, revision: str) -> HttpResponse:
        found = self.repos[repo].files
        asked = request.json()["paths"]
        return HttpResponse([_entry(path, found[path]) for path in asked if path in found])

    def _preupload(self, request: HttpRequest, repo: str, revision: str) -> HttpResponse:
        files = request.json()["files"]
        modes = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(".parquet") else "regular",
                "shouldIgnore": False,
            }
            for file in files
        ]
        return HttpResponse({"files": modes})

    def _batch(self, request: HttpRequest, repo: str) -> HttpResponse:
        objects = [
            {**wanted, "actions": {"upload": {"href": f"{self.url}/lfs/{wanted['oid']}"}}}
            if wanted["oid"] not in self.blobs
            else wanted
            for wanted in request.json()["objects"]
        ]
        return HttpResponse({"transfer": "basic", "objects": objects})

    def _upload(self, request: HttpRequest, oid: str) -> HttpResponse:
        assert hashlib.sha256(request.body).hexdigest() == oid
        self.blobs[oid] = request.body
        return HttpResponse({})

    def _commit(self, request: HttpRequest, repo: str, revision: str) -> HttpResponse:
        commit = Commit("", {}, [])
        for line in request.body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            match operation["key"]:
                case "header":
                    commit.message = value["summary"]
                case "file":
                    commit.added[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    commit.added[value["path"]] = self.blobs[value["oid"]]
                case "deletedFile":
                    commit.deleted.append(value["path"])
        found = self.repos[repo]
        if "create_pr=1" in request.target:
            found.requests.append(commit)
            page = f"{self.url}/{repo}/discussions/{len(found.requests)}"
            commit_page = f"{self.url}/{repo}/commit/{found.sha}"
            return HttpResponse({"commitUrl": commit_page, "commitOid": found.sha, "pullRequestUrl": page})
        found.files.update(commit.added)
        for path in commit.deleted:
            del found.files[path]
        found.commits.append(commit)
        return HttpResponse({"commitUrl": f"{self.url}/datasets/{repo}/commit/{found.sha}", "commitOid": found.sha})

    def _file(self, request: HttpRequest, repo: str, revision: str, path: str) -> HttpResponse:
        found = self.repos[repo]
        if path not in found.files:
            return HttpResponse({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
        data = found.files[path]
        headers = {"ETag": f'"{digest(data)}"', "X-Repo-Commit": found.sha, "Accept-Ranges": "bytes"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range") or "")
        if asked is None:
            return HttpResponse(data, headers=headers)
        start, end = int(asked[1]), min(int(asked[2] or len(data) - 1), len(data) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
        return HttpResponse(data[start : end + 1], 206, headers)

    def _validate(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse({"errors": [], "warnings": []})


def _refused(status: int, message: str) -> HttpResponse:
    code = {"X-Error-Code": "RepoNotFound"} if status == 404 else {}
    return HttpResponse({"error": message}, status, {"X-Error-Message": message, **code})


def _entry(path: str, data: bytes) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": len(data), "oid": digest(data)}


_ROUTES = (
    ("POST", "/api/repos/create", HubServer._create),
    ("GET", "/api/datasets", HubServer._list),
    ("POST", "/api/validate-yaml", HubServer._validate),
    ("GET", f"/api/(?:datasets|models)/{_REPO}(?:/revision/(?P<revision>[^/]+))?", HubServer._info),
    ("GET", f"/api/(?:datasets|models)/{_REPO}/tree/(?P<revision>[^/]+)(?:/(?P<under>.+))?", HubServer._tree),
    ("POST", f"/api/(?:datasets|models)/{_REPO}/paths-info/(?P<revision>[^/]+)", HubServer._paths),
    ("POST", f"/api/(?:datasets|models)/{_REPO}/preupload/(?P<revision>[^/]+)", HubServer._preupload),
    ("POST", f"/api/(?:datasets|models)/{_REPO}/commit/(?P<revision>[^/]+)", HubServer._commit),
    ("POST", f"/datasets/{_REPO}\\.git/info/lfs/objects/batch", HubServer._batch),
    ("PUT", "/lfs/(?P<oid>[0-9a-f]+)", HubServer._upload),
    (("GET", "HEAD"), f"(?:/datasets)?/{_REPO}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", HubServer._file),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--home", type=Path, default=Path("hub-home"), help="folder for the Hub's cache")
    given = parser.parse_args()
    server = HubServer(given.port)
    for name, value in server.environment(given.home.resolve()).items():
        print(f"export {name}={value}")
    server.serve_until_interrupted()


if __name__ == "__main__":
    main()
