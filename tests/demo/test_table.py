from ccr.demo.ask import Answer
from ccr.demo.kinds import main, think
from ccr.demo.table import WIDTH, table

LONG = "a reason that is much longer than the room that a table of a hundred columns has left for its last column"


def test_no_line_is_wider_than_the_terminal() -> None:
    answer = Answer("default", "cluster,coder", LONG, "", 1_234_567, 12, 0.0123)
    assert max(map(len, table([(main(), answer)]).splitlines())) <= WIDTH


def test_a_long_reason_goes_on_below_itself() -> None:
    lines = table([(main(), Answer("default", "cluster,coder", LONG, "", 10, 12, 0.0123))]).splitlines()
    column = lines[0].index("why")
    assert " ".join(line[column:] for line in lines[2:]) == LONG


def test_what_is_not_known_is_a_dash_and_an_error_is_the_reason() -> None:
    line = table([(think(), Answer(error="connection refused"))]).splitlines()[-1]
    assert line.split() == ["think", "–", "–", "–", "–", "–", "connection", "refused"]
