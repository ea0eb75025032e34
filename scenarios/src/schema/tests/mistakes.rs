//! The rendered text of every kind of mistake.

use super::*;

#[test]
fn a_mistake_of_a_key_or_value_is_underlined_with_what_was_meant() {
    fails_with(
        "policy = ",
        "polcy = \"x\"\npolicy = ",
        ProblemKind::UnknownKey,
        &["ward.toml:10:1", "polcy", "did you mean `policy`?"],
    );
    fails_with(
        "seed = 7",
        "elephant = 7",
        ProblemKind::UnknownKey,
        &[
            "ward.toml:3:1",
            "elephant = 7",
            "valid keys: schema, name, seed",
        ],
    );
    fails_with(
        "seed = 7",
        "seed = \"seven\"",
        ProblemKind::WrongType,
        &[
            "ward.toml:3:8",
            "expected an integer of at least 0",
            "got the string \"seven\"",
        ],
    );
    fails_with(
        "seed = 7",
        "episodes = 0",
        ProblemKind::OutOfRange,
        &[
            "ward.toml:3:12",
            "expected an integer of at least 1, got the integer 0",
        ],
    );
    fails_with(
        "\"clinic\"",
        "\"clinc\"",
        ProblemKind::UnknownValue,
        &[
            "ward.toml:6:8",
            "expected one of clinic",
            "did you mean `clinic`?",
        ],
    );
    fails_with(
        "policy = \"specialist\"",
        "policy = \"specalist\"",
        ProblemKind::UnknownName,
        &["ward.toml:10:10", "specalist", "did you mean `specialist`?"],
    );
    fails_with(
        "kind = \"knowledge\"",
        "kind = \"language\"\nmodel = \"m\"",
        ProblemKind::UnknownName,
        &[
            "ward.toml:14:9",
            "no table `[models.m]`",
            "there are no models here",
        ],
    );
    fails_with(
        "name = \"ward\"\n",
        "",
        ProblemKind::MissingKey,
        &[
            "ward.toml:1:1",
            "`name` is missing",
            "add `name = \"ward\"`",
        ],
    );
    fails_with(
        "/1\"",
        "/2\"",
        ProblemKind::UnknownValue,
        &[
            "ward.toml:1:10",
            "rounds.scenario/2",
            "write `schema = \"rounds.scenario/1\"`",
        ],
    );
    fails_with(
        "\"builtin\"",
        "\"no/where.json\"",
        ProblemKind::MissingFile,
        &["ward.toml:7:26", "a file at no/where.json"],
    );
    fails_with(
        "{ knowledge = \"builtin\" }",
        "{ records = \"no/where\" }",
        ProblemKind::MissingFile,
        &["ward.toml:7:24", "a folder at no/where"],
    );
    fails_with(
        "\"builtin\"",
        "\"builtin\", records = \".\"",
        ProblemKind::Conflict,
        &["ward.toml:7:37", "keep one of `knowledge` and `records`"],
    );
    fails_with(
        "seed = 7",
        "seed = = 7",
        ProblemKind::Syntax,
        &["ward.toml:3", "seed = = 7"],
    );
    for (line, range) in [
        ("agree_threshold = 0", "above 0 and at most 1"),
        ("list_length = 11", "from 1 to 10"),
        ("solo_stop_level = 6", "from 1 to 5"),
        ("add_at = nan", "from 0 to 1"),
    ] {
        let to = format!("{line}\npolicy = ");
        fails_with(
            "policy = ",
            &to,
            ProblemKind::OutOfRange,
            &["ward.toml:10", line, range],
        );
    }
    fails_with(
        "policy = ",
        "triage = 6\npolicy = ",
        ProblemKind::Conflict,
        &["triage = 6"],
    );
}

#[test]
fn mistakes_in_arms_are_shown_at_the_arm() {
    let none = Overrides::default();
    let arm = |text: &str| format!("{WARD}[[arms]]\nname = \"a\"\n{text}\n");
    fails(
        &arm("set = { \"agents.team.knd\" = 1 }"),
        &none,
        ProblemKind::UnknownKey,
        &["ward.toml:16:9", "agents.team.knd", "did you mean `kind`?"],
    );
    fails(
        &arm("[[arms]]\nname = \"a\""),
        &none,
        ProblemKind::Duplicate,
        &["ward.toml:17:8", "two arms are called `a`"],
    );
    fails(
        &arm("set = { seed = 3 }"),
        &none,
        ProblemKind::NotAllowed,
        &["ward.toml:16:9", "seed"],
    );
    let twice = arm("set = { \"agents.team\" = 1, \"agents.team.kind\" = \"all\" }");
    fails(
        &twice,
        &none,
        ProblemKind::Duplicate,
        &["ward.toml:16", "set twice"],
    );
}

#[test]
fn mistakes_on_the_command_line_are_shown_there() {
    fails(
        WARD,
        &set(&["agents.team.kind=dynamc"]),
        ProblemKind::UnknownValue,
        &[
            "--set:1:18",
            "agents.team.kind=dynamc",
            "did you mean `dynamic`?",
        ],
    );
    fails(
        WARD,
        &set(&["agents.team.max_member=3"]),
        ProblemKind::UnknownKey,
        &["--set:1:13", "did you mean `max_members`?"],
    );
    fails(
        WARD,
        &set(&["agents"]),
        ProblemKind::Syntax,
        &["--set:1:1", "no `=` in this"],
    );
    fails(
        WARD,
        &set(&["a b=3"]),
        ProblemKind::Syntax,
        &["--set:1:1", "a b=3"],
    );
    fails(
        WARD,
        &vary(&["agents.team.kind=all,al"]),
        ProblemKind::UnknownValue,
        &["--vary", "agents.team.kind=al", "did you mean `all`?"],
    );
    fails(WARD, &vary(&["seed=1"]), ProblemKind::NotAllowed, &[]);
    fails(
        WARD,
        &vary(&["limits.rounds=1,"]),
        ProblemKind::Syntax,
        &["a value is empty"],
    );
    let twice = vary(&["limits.rounds=1", "limits.rounds=2"]);
    fails(WARD, &twice, ProblemKind::Duplicate, &["varied twice"]);
}

#[test]
fn several_mistakes_are_shown_together() {
    let text = WARD
        .replace("seed = 7", "sed = 7")
        .replace("\"clinic\"", "1");
    let error = load(&text).unwrap_err();
    assert_eq!(error.problems().len(), 2);
    let shown = rendered(&error);
    for part in [
        "the scenario has 2 problems",
        "ward.toml:3:1",
        "ward.toml:6:8",
        "`seed`",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn a_program_that_cannot_be_started_is_refused_where_it_is_written() {
    let knowledge = "kind = \"knowledge\"";
    for (table, kind, parts) in [
        (
            "",
            ProblemKind::MissingKey,
            ["`policies.specialist.command` is missing", "agent.py"],
        ),
        (
            "command = \"agent\"",
            ProblemKind::WrongType,
            ["expected an array of strings", "the string \"agent\""],
        ),
        (
            "command = []",
            ProblemKind::OutOfRange,
            ["the program first", "ward.toml:14:11"],
        ),
        (
            "command = [\"a\"]\ndeadline_s = 0",
            ProblemKind::OutOfRange,
            ["seconds above 0 and at most 86400", "got the integer 0"],
        ),
        (
            "command = [\"a\"]\nbach = 2",
            ProblemKind::UnknownKey,
            ["did you mean `batch`?", "ward.toml:15:1"],
        ),
    ] {
        let text = format!("kind = \"process\"\n{table}");
        fails_with(knowledge, &text, kind, &parts);
    }
}
