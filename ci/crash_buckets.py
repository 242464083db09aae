"""Asks ClusterFuzz's own parser and comparer whether finds of different oracles fall into one bucket.

usage: crash_buckets.py STACKS

STACKS is what `cargo run -p stalemap-fuzz --example stacks --release` prints. Ends with 1 if more than 1 % of the pairs
of stacks with different oracles are taken for one crash, or if the check could not fail: stacks that end in one shared
function must all be taken for one.
"""

import itertools
import re
import sys

from clusterfuzz import stacktraces
from clusterfuzz._internal.crash_analysis.crash_comparer import CrashComparer

# Names that only begin alike already merge 4 %.
MOST_MERGED = 0.01
HEADLINE = "ASSERTION FAILED: "
FRAME = re.compile(r"^\s*\d+: (.+)$")
# What AddressSanitizer and libc put on top of every stack that ends with an abort.
TOP = ["__sanitizer_print_stack_trace", "fuzzer::PrintStackTrace()", "fuzzer::Fuzzer::CrashCallback()", "gsignal", "abort"]


def read(path):
    """The stacks of the file: ((oracle, operation), names of the frames below the end)."""
    stacks = []
    for block in open(path, encoding="utf-8").read().split(HEADLINE)[1:]:
        oracle, operation = block.splitlines()[0].split()
        frames = [match.group(1) for match in map(FRAME.match, block.splitlines()) if match]
        end = max(index for index, frame in enumerate(frames) if "capture" in frame)
        stacks.append(((oracle, operation), frames[end + 1 :]))
    return stacks


def state(pair, frames):
    """What ClusterFuzz compares, of a report as libFuzzer and AddressSanitizer print it."""
    names = TOP + ["std::process::abort"] + frames
    lines = [f"    #{index} 0x{0x55D1CF0A0000 + index:x} in {name} /src/a.cpp:{index}:1" for index, name in enumerate(names)]
    report = [HEADLINE + " ".join(pair), "==1== ERROR: libFuzzer: deadly signal", *lines, "SUMMARY: libFuzzer: deadly signal"]
    parser = stacktraces.StackParser(symbolized=True, detect_ooms_and_hangs=True, fuzz_target="lockstep")
    return parser.parse("\n".join(report) + "\n").crash_state


def merged(states):
    """The pairs with different oracles that are taken for one crash, and how many such pairs there are."""
    pairs = [(one, other) for one, other in itertools.combinations(states, 2) if one[0][0] != other[0][0]]
    return [(one, other) for one, other in pairs if CrashComparer(one[1], other[1]).is_similar()], len(pairs)


def main():
    stacks = read(sys.argv[1])
    oracles = {oracle for (oracle, _), _ in stacks}
    if len(oracles) < 10 or len(stacks) % len(oracles) != 0:
        sys.exit(f"{len(stacks)} stacks of {len(oracles)} oracles cannot be all pairs")
    named = [(pair, state(pair, frames)) for pair, frames in stacks]
    print(f"{len(stacks)} stacks; the first is compared by {named[0][1].split()}")
    alike, of = merged(named)
    count = len(alike)
    print(f"different oracles taken for one crash: {count} of {of} pairs, {count / of:.2%}")
    for one, other in alike[:3]:
        print(f"  such as {one[1].split()} and {other[1].split()}")
    shared = [(pair, state(pair, ["fail", "stalemap_fuzz::report::abort"])) for pair, _ in stacks]
    shared_count = len(merged(shared)[0])
    print(f"the same with one shared function:      {shared_count} of {of} pairs, {shared_count / of:.2%}")
    if shared_count < of:
        sys.exit("a shared function is not always merged: the check does not see what it should")
    if count > MOST_MERGED * of:
        sys.exit(f"more than {MOST_MERGED:.0%} are merged: triage would lose finds")


main()
