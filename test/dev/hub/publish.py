"""Publishes to the hub at HF_ENDPOINT and reads back; prints what was observed as one JSON object."""
import hashlib
import json
import os

from huggingface_hub import CommitOperationAdd, HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import HfHubHTTPError

def status(work):
    try:
        work()
    except HfHubHTTPError as error:
        return [type(error).__name__, error.response.status_code]

api = HfApi()
repo = "Skulk/tiny"
big = bytes(range(256)) * (30_000_000 // 256)
card = b"---\nlicense: apache-2.0\n---\n# Tiny\n"
sha = lambda data: hashlib.sha256(data).hexdigest()
result = {"user": api.whoami()["name"]}
api.create_repo(repo)
result["again"] = str(api.create_repo(repo, exist_ok=True))
parent = api.model_info(repo).sha

def publish(title, files, parent):
    operations = [CommitOperationAdd(path, data) for path, data in files.items()]
    return api.create_commit(repo, operations, commit_message=title, commit_description="Some-Trailer: kept", parent_commit=parent)

first = publish("weights", {"weights/model.safetensors": big, "README.md": card}, parent).oid
result["moved"] = status(lambda: publish("late", {"late.txt": b"x"}, parent))
second = publish("more", {"more.txt": b"more"}, first).oid
result["files"] = sorted(api.list_repo_files(repo, revision=first))
result["tree"] = {row.path: row.lfs.sha256 for row in api.list_repo_tree(repo, recursive=True, expand=True) if getattr(row, "lfs", None)}
result["paths"] = [row.path for row in api.get_paths_info(repo, ["README.md", "weights", "absent"])]
result["license"] = api.model_info(repo).card_data.license
result["commits"] = [[c.commit_id, c.title, c.message] for c in api.list_repo_commits(repo)][:2]
result["branch"] = api.list_repo_refs(repo).branches[0].target_commit
result["downloads"] = {p: sha(open(hf_hub_download(repo, p, revision=first), "rb").read()) == sha(d) for p, d in [("weights/model.safetensors", big), ("README.md", card)]}
snapshot = snapshot_download(repo, revision=second)
result["snapshot"] = sorted(os.listdir(snapshot))
result["noEntry"] = status(lambda: hf_hub_download(repo, "more.txt", revision=first))
result["noRevision"] = status(lambda: api.model_info(repo, revision="0" * 40))
result["noRepo"] = status(lambda: api.model_info("Skulk/none"))
result["gated"] = status(lambda: hf_hub_download("Other/gated", "README.md"))
result["otherSpelling"] = sha(open(hf_hub_download("skulk/TINY", "README.md", revision=first), "rb").read()) == sha(card)
collection = api.create_collection("Weights", namespace="Skulk", exists_ok=True)
api.add_collection_item(collection.slug, repo, "model", note="hello", exists_ok=True)
api.add_collection_item(collection.slug, repo, "model", exists_ok=True)
result["collection"] = [[i.item_id, i.note] for i in api.get_collection(api.create_collection("Weights", namespace="Skulk", exists_ok=True).slug).items]
api.delete_file("more.txt", repo)
result["afterDelete"] = sorted(api.list_repo_files(repo))
api.delete_repo(repo)
result["deleted"] = not api.repo_exists(repo)
print(json.dumps({**result, "first": first, "second": second}))
