"""Reads the JUnit XML of an evaluation with junitparser and compares its counts with summary.json."""

import json
import sys
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped

folder = Path(sys.argv[1])
kinds = {Failure: "failures", Error: "errors", Skipped: "skipped"}
read = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
for suite in JUnitXml.fromfile(str(folder / "junit.xml")):
    for case in suite:
        read["tests"] += 1
        for result in case.result:
            read[kinds[type(result)]] += 1
arms = json.loads((folder / "summary.json").read_text())["evaluation"]["arms"]
told = {key: sum(arm[key] for arm in arms) for key in read}
print(f"junit.xml {read}\nsummary   {told}")
sys.exit(0 if read == told else 1)
