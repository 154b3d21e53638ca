"""A small district as OneRoster has it, in both versions, and as a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

HEAD = "sourcedId,status,dateLastModified,"
ORGS = f"{HEAD}name,type,identifier,parentSourcedId\nd,,,District,district,,\nhill,,,Hill School,school,,d\n"
CLASSES = (
    f"{HEAD}title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds\n"
    "4a,,,Maths 4a,4,c,,scheduled,,hill,t\n4b,,,Maths 4b,4,c,,scheduled,,hill,t\n"
)
ENROLLMENTS = (
    f"{HEAD}classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n"
    "e1,,,4a,hill,ada,student,,,\ne2,,,4b,hill,ben,student,,2027-01-01,2027-06-30\n"
    "e3,,,4a,hill,smith,teacher,true,,\ne4,,,4b,hill,jones,teacher,true,,\n"
    "e5,,,4a,hill,smith,administrator,,,\n"
)
USERS_11 = (
    f"{HEAD}enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email\n"
    "ada,,,true,hill,student,ada1,,Ada,Lovelace,,100,\nben,,,true,hill,student,ben1,,Ben,Bova,,101,\n"
    "smith,,,true,hill,teacher,s1,,Sam,Smith,,,\njones,,,true,hill,teacher,j1,,Joe,Jones,,,\n"
    "mum,,,true,hill,parent,,,Mum,,,,\n"
)
USERS_12 = (
    f"{HEAD}enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,"
    "grades,password,userMasterIdentifier,preferredGivenName,preferredFamilyName\n"
    "ada,,,true,ada1,,Augusta,Lovelace,,100,,,,,4,,,Ada,\nben,,,true,ben1,,Ben,Bova,,101,,,,,4,,,,\n"
    "smith,,,true,s1,,Sam,Smith,,,,,,,,,,,\njones,,,true,j1,,Joe,Jones,,,,,,,,,,,\n"
)
MANIFEST = "propertyName,value\nmanifest.version,1.0\noneroster.version,{}\nfile.users,bulk\nfile.demographics,delta\n"


def export(version: str = "1.2", **changed: str) -> dict[str, bytes]:
    """The files of an export; ``users=...`` and so on put other text in place of a file's own."""
    texts = {
        "manifest": MANIFEST.format(version),
        "orgs": ORGS,
        "users": USERS_12 if version == "1.2" else USERS_11,
        "classes": CLASSES,
        "enrollments": ENROLLMENTS,
    } | changed
    return {f"{name}.csv": text.encode() for name, text in texts.items()}


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def write_zip(path: Path, files: Mapping[str, bytes], inside: str = "") -> Path:
    with ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(inside + name, content)
    return path
