"""The real Claude Code, run by the real `ccr code`."""

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.router import CCR, Router

Json = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What came of one run."""

    exit_code: int
    events: list[Json]
    """The lines of its stream-json output."""
    stderr: str
    seconds: float

    @property
    def result(self) -> Json:
        """The last line, of type `result`."""
        results = [event for event in self.events if event["type"] == "result"]
        assert results, f"exit code {self.exit_code}, no result; stderr: {self.stderr[-1000:]}"
        return results[-1]

    @property
    def text(self) -> str:
        """The final answer, or the error text."""
        text: str = self.result["result"]
        return text

    @property
    def turns(self) -> int:
        turns: int = self.result["num_turns"]
        return turns

    @property
    def blocks(self) -> list[Json]:
        """The content blocks of all messages, the model's and the tools'."""
        messages = [event["message"]["content"] for event in self.events if event["type"] in ("assistant", "user")]
        return [block for content in messages if isinstance(content, list) for block in content]

    @property
    def tool_results(self) -> list[str]:
        """What the tools answered, in order."""
        answers = [block["content"] for block in self.blocks if block["type"] == "tool_result"]
        return [answer if isinstance(answer, str) else json.dumps(answer) for answer in answers]

    def assert_success(self) -> None:
        assert (self.exit_code, self.result["is_error"]) == (0, False), f"{self.text} {self.stderr[-1000:]}"


class Claude:
    """A person at a terminal, with a home and a work folder of their own, past the questions of the first start."""

    def __init__(self, program: Path, router: Router) -> None:
        self.work = router.home / "work"
        self.work.mkdir(exist_ok=True)
        settled = {"hasCompletedOnboarding": True, "projects": {str(self.work): {"hasTrustDialogAccepted": True}}}
        (router.home / ".claude.json").write_text(json.dumps(settled))
        self._environment = {
            **router.environment,
            "CLAUDE_PATH": str(program),
            "DISABLE_AUTOUPDATER": "1",
            "IS_SANDBOX": "1",  # lets root skip the permission questions
        }

    def run(self, prompt: str, *arguments: str, seconds: float = 120, **environment: str) -> Outcome:
        """`ccr code -p PROMPT`, with tools allowed. More arguments go to claude, more words into its environment."""
        return self._finish(["-p", prompt, *arguments], "", seconds, environment)

    def talk(self, *lines: Json, seconds: float = 60, **environment: str) -> Outcome:
        """The same as an SDK host does it: JSON lines on stdin."""
        typed = "".join(json.dumps(line) + "\n" for line in lines)
        return self._finish(["-p", "--input-format", "stream-json"], typed, seconds, environment)

    def start(self, prompt: str) -> subprocess.Popen[str]:
        """Only begins; the caller ends it."""
        return self._open(["-p", prompt], {})

    def _finish(self, arguments: list[str], typed: str, seconds: float, environment: dict[str, str]) -> Outcome:
        began = time.monotonic()
        process = self._open(arguments, environment)
        try:
            printed, stderr = process.communicate(typed, timeout=seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        events = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
        return Outcome(process.returncode, events, stderr, time.monotonic() - began)

    def _open(self, arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        always = ["--dangerously-skip-permissions", "--verbose", "--output-format", "stream-json"]
        return subprocess.Popen(
            [CCR, "code", *arguments, *always],
            cwd=self.work,
            env={**self._environment, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that all it started can be ended with it
        )
