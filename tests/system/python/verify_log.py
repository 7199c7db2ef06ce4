#!/usr/bin/env python3
"""A second verifier of a published log, written from log(5) alone: hashlib for the tree, openssl for
Ed25519; nothing of the suite's.

    verify_log.py LOG --vkey FILE [--old CHECKPOINT]... [--opens TYPE:FILE]...
    verify_log.py --fork CHECKPOINT CHECKPOINT --vkey FILE   0 if the two prove a fork or a shrunk log
"""
import argparse
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

SERIAL = r"([0-9a-f]{2})+"
DIGEST = r"[0-9a-f]{64}"
MSEC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
SEC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
WORD, PROFILE = r"[a-z0-9-]{1,47}", r"[A-Za-z0-9._-]{1,47}"
HOLDER, APPLICATION = r"H-[0-9a-f]{32}", r"A-[0-9a-f]{32}"
ORDER, INVITATION = r"O-[0-9a-f]{32}", r"I-[0-9a-f]{32}"
REASON = ("unspecified|keyCompromise|cACompromise|affiliationChanged|superseded|cessationOfOperation|"
          "privilegeWithdrawn")
STATUS = "[a-z]{2,16}"
PKI_CA, PKI_RA, PKI_CRL, PKI_OCSPD = "pki-ca", "pki-ra", "pki-crl", "pki-ocspd"
CERTIFICATES = [{"profile": PROFILE, "serial": SERIAL, "digest": DIGEST}]
ORDERED = {"order": ORDER, "order_digest": DIGEST, "holder": f"({HOLDER})?", "officers": [SERIAL]}
CRL = {"issuer": int, "number": int, "partition?": int, "digest": DIGEST, "entries": int}
APPLIED = {"application": APPLICATION, "order": ORDER, "order_digest": DIGEST}
ERASURE = {"holder": HOLDER, "order": ORDER, "order_digest": DIGEST, "applications": int}
TYPES = {
    "ceremony-completed": (PKI_CA, {"root": SERIAL, "ca": SERIAL, "seal": SERIAL, "officers": [SERIAL],
                                    "digests?": [DIGEST], "profiles?": [PROFILE]}),
    "ca-ended": (PKI_CA, {"issuer": int, "lists": int}),
    "issuing-failed": (PKI_CA, {"orders": int}),
    "ca-started": (PKI_CA, {"rules?": int}),
    "ca-stopped": (PKI_CA, {}),
    "policy-loaded": (PKI_CA, {"digest": DIGEST, "witnesses?": [DIGEST]}),
    "certificate-issued": (PKI_CA, {**ORDERED, "action": "issue", "certificates": CERTIFICATES,
                                    "invitation?": f"({INVITATION})?"}),
    "certificate-renewed": (PKI_CA, {**ORDERED, "action": "renew", "certificates": CERTIFICATES,
                                     "reason?": "superseded", "reported?": MSEC, "serials?": [SERIAL]}),
    "certificate-revoked": (PKI_CA, {**ORDERED, "action": "revoke", "cause?": WORD, "reason": REASON,
                                     "reported": MSEC, "serials": [SERIAL]}),
    "revocation-repeated": (PKI_CA, {**ORDERED, "action": "revoke", "cause?": WORD, "reported": MSEC,
                                     "already": [SERIAL]}),
    "order-refused": (PKI_CA, {"order": f"({ORDER}|{INVITATION})?", "order_digest": f"({DIGEST})?",
                               "officers": [SERIAL], "status": STATUS, "rule": f"({WORD})?"}),
    "crl-issued": (PKI_CA, CRL),
    "root-crl-recorded": (PKI_CA, CRL),
    "crl-partitioned": (PKI_CA, {"issuer": int, "partitions": int}),
    "crl-published": (PKI_CA, {"issuer": int, "number": int, "published": MSEC}),
    "login-failed": (PKI_RA, {"officer": SERIAL}),
    "invitation-made": (PKI_RA, {"invitation": INVITATION, "order_digest": DIGEST, "expires": SEC}),
    "application-submitted": (PKI_RA, {"application": APPLICATION, "holder": HOLDER, "kind": "new|renewal",
                                       "evidence": int, "invitation?": INVITATION}),
    "application-verified": (PKI_RA, {**APPLIED, "method": WORD}),
    "application-approved": (PKI_RA, APPLIED),
    "application-rejected": (PKI_RA, {"application": APPLICATION, "decision_digest?": DIGEST, "order?": ORDER}),
    "certificate-accepted": (PKI_RA, {"application": APPLICATION, "holder": HOLDER, "order": ORDER,
                                      "statement_digest": DIGEST}),
    "erasure-ordered": (PKI_RA, ERASURE),
    "holder-erased": (PKI_RA, ERASURE),
    "crl-service-started": (PKI_CRL, {}),
    "crl-service-stopped": (PKI_CRL, {}),
    "responder-started": (PKI_OCSPD, {"serial": SERIAL}),
    "responder-stopped": (PKI_OCSPD, {"serial": SERIAL}),
    "responder-certificate-ordered": (PKI_OCSPD, {"serial": SERIAL}),
    "unissued-asked": (PKI_OCSPD, {"count": int}),
}
# entries with a version: members that older suites left out, and the types that name an actor
VERSION = 2
SINCE_VERSION = {"partition", "digests", "profiles"}
# with "clock", what an implausible wall clock said
WHATEVER_THE_CLOCK = {"certificate-revoked", "revocation-repeated", "crl-issued", "crl-published", "root-crl-recorded"}
ACTS = {"certificate-issued", "certificate-renewed", "certificate-revoked", "revocation-repeated", "login-failed",
        "invitation-made", "application-verified", "application-approved", "application-rejected", "erasure-ordered", "holder-erased"}


class Wrong(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Wrong(what)


def read(path):
    with open(path, "rb") as f:
        return f.read()


# Tree


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf(entry):
    return sha256(b"\0", entry)


def root(hashes):
    """Over leaf hashes: the node of the roots over the first k and the others."""
    if not hashes:
        return sha256()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\1", root(hashes[:k]), root(hashes[k:]))


# Checkpoint


class Key:
    def __init__(self, text):
        name, hex_id, key = text.strip("\n").split("+", 2)
        key = base64.b64decode(key, validate=True)
        need(len(key) == 33 and key[0] == 1, "vkey: not a log's Ed25519 key")
        need(sha256(name.encode(), b"\n", key)[:4].hex() == hex_id, "vkey: its hash is another")
        self.name, self.id, self.key = name, bytes.fromhex(hex_id), key[1:]

    def verifies(self, text, signature):
        with tempfile.TemporaryDirectory() as d:
            spki = bytes.fromhex("302a300506032b6570032100") + self.key
            for name, data in ("key", spki), ("text", text), ("sig", signature):
                with open(os.path.join(d, name), "wb") as f:
                    f.write(data)
            return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key",
                                   "-rawin", "-in", "text", "-sigfile", "sig"],
                                  cwd=d, capture_output=True).returncode == 0


def checkpoint(path, key):
    note = read(path)
    text, empty, lines = note.partition(b"\n\n")
    text += b"\n"
    need(empty and lines.endswith(b"\n"), f"{path}: not a note")
    signed = False
    for line in lines[:-1].decode().split("\n"):
        m = re.fullmatch("\u2014 ([^ ]+) ([A-Za-z0-9+/]+=*)", line)
        need(m, f"{path}: a line that is no signature")
        blob = base64.b64decode(m[2], validate=True)
        if m[1] == key.name and blob[:4] == key.id:
            need(key.verifies(text, blob[4:]), f"{path}: the log's signature is wrong")
            signed = True
    need(signed, f"{path}: not signed by the log")
    m = re.fullmatch("([^\n]+)\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/]{43}=)\n", text.decode())
    need(m and m[1] == key.name, f"{path}: not a checkpoint of this log")
    return int(m[2]), base64.b64decode(m[3], validate=True)


# Tiles


def number(n):
    groups = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03d}")
    return "/".join(groups)


def tile(log, level, n, width):
    full = os.path.join(log, "tile", str(level), number(n))
    partial = f"{full}.p/{width}"
    path = partial if width < 256 and os.path.exists(partial) else full
    need(os.path.exists(path), f"{path} is missing")
    return path, read(path)


def widths(count):
    """The tiles that hold so many items: number, width."""
    for n in range((count + 255) // 256):
        yield n, min(256, count - 256 * n)


def read_entries(log, size):
    entries = []
    for n, width in widths(size):
        path, data = tile(log, "entries", n, width)
        here = []
        while data:
            need(len(data) >= 2, f"{path}: cut off")
            length = int.from_bytes(data[:2], "big")
            need(len(data) >= 2 + length, f"{path}: cut off")
            here.append(data[2:2 + length])
            data = data[2 + length:]
        need(len(here) == width or (len(here) == 256 and not path.endswith(f".p/{width}")),
             f"{path}: {len(here)} entries, not {width}")
        entries += here[:width]
    return entries


def check_tiles(log, leaves):
    level, hashes = 0, leaves
    while hashes:
        for n, width in widths(len(hashes)):
            path, data = tile(log, level, n, width)
            need(len(data) in (32 * width, 32 * 256), f"{path}: of the wrong length")
            need(data[:32 * width] == b"".join(hashes[256 * n:256 * n + width]),
                 f"{path}: not the hashes of its entries")
        hashes = [root(hashes[i:i + 256]) for i in range(0, len(hashes) - 255, 256)]
        level += 1
    return level


# Entries


def strict(pairs):
    need(len({k for k, _ in pairs}) == len(pairs), "a member twice")
    return dict(pairs)


def fits(value, form):
    if form is int:
        return type(value) is int and value >= 0
    if isinstance(form, list):
        return isinstance(value, list) and all(fits(v, form[0]) for v in value)
    if isinstance(form, dict):
        must = {k for k in form if not k.endswith("?")}
        return isinstance(value, dict) and must <= set(value) and all(
            k in form and fits(v, form[k]) or k + "?" in form and fits(v, form[k + "?"]) for k, v in value.items())
    return isinstance(value, str) and re.fullmatch(form, value) is not None


def check_version(entry, last):
    version = entry.get("version")
    need(version in (None, VERSION) and (version or not last), "a version that goes back, or is unknown")
    if version is None:
        return
    detail = entry["detail"]
    need(bool(entry["actor"]) == (entry["type"] in ACTS), "an actor for whom nobody acted, or none")
    need(detail.get("officer", entry["actor"]) == entry["actor"], "another officer than the actor")
    for name in SINCE_VERSION & {k.strip("?") for k in TYPES[entry["type"]][1]}:
        need(name in detail, f"without {name}")
    if entry["type"] == "application-rejected":
        need(("order" in detail) != ("decision_digest" in detail), "an order or a decision")
    if entry["type"] == "application-submitted":
        need(("invitation" in detail) == (detail["kind"] == "new"), "an invitation for a new application")


def check_entry(index, octets, before, version):
    try:
        need(len(octets) <= 8192, "too long")
        entry = json.loads(octets.decode("utf-8"), object_pairs_hook=strict)
        canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        need(canonical.encode() == octets and b"\\" not in octets, "not canonical")
        need(set(entry) - {"version", "clock"} == {"actor", "at", "detail", "source", "type"}, "not the members")
        need("clock" not in entry or entry.get("version") and fits(entry["clock"], MSEC)
             and entry["type"] in WHATEVER_THE_CLOCK, "a clock that was not plausible")
        need(fits(entry["actor"], f"({SERIAL})?"), "actor")
        need(fits(entry["at"], MSEC) and entry["at"] >= before, "a time that goes back, or none")
        need(entry["type"] in TYPES, "a type that log(5) does not have")
        source, form = TYPES[entry["type"]]
        need(entry["source"] == source, f"{entry['type']} is not {entry['source']}'s to say")
        need(fits(entry["detail"], form), f"{entry['type']}: not its details")
        check_version(entry, version)
    except (Wrong, ValueError) as why:
        raise Wrong(f"entry {index}: {why}") from None
    return entry


def members(value):
    if isinstance(value, dict):
        for k, v in value.items():
            yield k, v
            yield from members(v)
    elif isinstance(value, list):
        for v in value:
            yield from members(v)


def opens(entries, spec):
    kind, path = spec.split(":", 1)
    digest = sha256(read(path)).hex()
    found = [i for i, e in enumerate(entries) if e["type"] == kind and
             any("digest" in k and digest in v for k, v in members(e["detail"]))]
    need(found, f"{path}: opens no entry of type {kind}")
    print(f"{path} opens entry {found[0]}")


def fork(paths, key):
    (m, old), (n, new) = (checkpoint(p, key) for p in paths)
    need(m == n and old != new, "no fork by these two alone")
    print(f"two trees of {n} entries are signed")


def verify(args, key):
    size, signed_root = checkpoint(os.path.join(args.log, "checkpoint"), key)
    octets = read_entries(args.log, size)
    leaves = [leaf(e) for e in octets]
    need(root(leaves) == signed_root, "the entries have another root than is signed: one was changed")
    levels = check_tiles(args.log, leaves)
    for path in args.old:
        m, old = checkpoint(path, key)
        need(m <= size, f"{path}: the log shrank from {m} to {size} entries")
        need(root(leaves[:m]) == old, f"{path}: not of this log: a fork")
    entries, before, version = [], "", None
    for i, e in enumerate(octets):
        entries.append(check_entry(i, e, before, version))
        before, version = entries[-1]["at"], entries[-1].get("version")
    for spec in args.opens:
        opens(entries, spec)
    print(f"{key.name}: {size} entries, {levels} levels, {len({e['type'] for e in entries})} types verified")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("log", nargs="?")
    parser.add_argument("--vkey", required=True)
    parser.add_argument("--old", action="append", default=[])
    parser.add_argument("--opens", action="append", default=[])
    parser.add_argument("--fork", nargs=2)
    args = parser.parse_args()
    try:
        key = Key(read(args.vkey).decode())
        fork(args.fork, key) if args.fork else verify(args, key)
    except (Wrong, ValueError) as why:
        sys.exit(f"verify_log: {why}")


main()
