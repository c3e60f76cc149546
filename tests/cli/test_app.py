import pytest

from ccr import __version__
from ccr.cli.app import COMMANDS, LATER, Words
from tests.cli.world import CCR, World


@pytest.mark.parametrize("word", ["-v", "--version", "version"])
def test_version(world: World, word: str) -> None:
    shown = world.ccr(word)
    assert (shown.returncode, shown.stdout) == (0, f"claude-code-router version: {__version__}\n")


@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_help_is_on_stdout(world: World, word: str) -> None:
    shown = world.ccr(word)
    assert shown.returncode == 0
    assert all(f"  {command} " in shown.stdout for command in COMMANDS)


@pytest.mark.parametrize("words", [("start", "-h"), ("help", "start"), ("--help", "start")])
def test_a_command_tells_its_options_however_it_is_asked(world: World, words: tuple[str, ...]) -> None:
    shown = world.ccr(*words)
    assert shown.returncode == 0
    assert shown.stdout == world.ccr("start", "--help").stdout


@pytest.mark.parametrize("word", ["code", "strat", "help"])
def test_help_for_what_has_no_options_of_ours_is_the_list(world: World, word: str) -> None:
    shown = world.ccr("help", word)
    assert (shown.returncode, shown.stdout) == (0, world.ccr("help").stdout)


def test_a_superfluous_word_is_one_sentence(world: World) -> None:
    shown = world.ccr("stop", "now")
    assert (shown.returncode, shown.stderr.count("\n")) == (1, 1)
    assert "(now). See `ccr stop --help`." in shown.stderr


def test_no_word_is_help_and_exit_1(world: World) -> None:
    shown = world.ccr()
    assert (shown.returncode, shown.stdout) == (1, world.ccr("help").stdout)


def test_an_unknown_word_is_one_sentence_and_exit_1(world: World) -> None:
    shown = world.ccr("strat")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr == 'ccr: "strat" is not a command. Did you mean "start"? `ccr help` lists them all.\n'


def test_an_unknown_option_is_one_sentence_and_exit_1(world: World) -> None:
    shown = world.ccr("stop", "--hard")
    assert (shown.returncode, len(shown.stderr.splitlines())) == (1, 1)
    assert "--hard" in shown.stderr


@pytest.mark.parametrize("word", LATER)
def test_words_of_the_npm_tool_say_that_they_come_later(world: World, word: str) -> None:
    shown = world.ccr(word, "--any", "thing")
    assert (shown.returncode, shown.stdout, len(shown.stderr.splitlines())) == (1, "", 1)
    assert "later" in shown.stderr or "not available yet" in shown.stderr


def test_version_imports_nothing_heavy(world: World) -> None:
    code = "import sys\nfrom ccr.cli import main\ntry: main()\nfinally: print(*sys.modules)"
    loaded = world.shell(f'{CCR[0]} -c "{code}" --version').stdout.split()
    assert "ccr.cli.version" in loaded
    assert not {"httptools", "msgspec", "asyncio", "ccr.config", "http.client"} & set(loaded)


@pytest.mark.parametrize("word", [word for word in COMMANDS if word != "demo"])
def test_every_word_loads(word: str) -> None:
    command = Words("ccr").get_command(None, word)  # type: ignore[arg-type]
    assert command is not None


def test_a_reader_that_leaves_is_no_traceback(world: World) -> None:
    assert "Traceback" not in world.shell("ccr help | true; ccr status | true").stderr
