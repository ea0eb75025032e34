//! What cannot be is refused with its place, what was expected, and the nearest name.

use std::fs;

use super::{SMALL, place, refuses, text, words};

/// Checks what is said of the small scenario with `to` in place of `from`.
#[track_caller]
fn refused(from: &str, to: &str, parts: &[&str]) {
    assert!(SMALL.contains(from), "{from}");
    let (folder, file) = place("");
    fs::write(&file, SMALL.replacen(from, to, 1)).unwrap();
    let out = folder.path().join("out");
    let told = refuses(&["run", text(&file), "--out", text(&out)]);
    for part in parts {
        assert!(told.contains(&words(part)), "{to}, {part}: {told}");
    }
    assert!(!told.contains("training dt"), "{told}");
    assert!(!out.exists());
}

#[test]
fn settings_of_the_environment() {
    let last = "step_limit = 12";
    for (line, parts) in [
        (
            "step_limit = 12\nsteplimit = 3",
            &[
                "`environment.steplimit`",
                "small.toml:10:1",
                "did you mean `step_limit`?",
            ][..],
        ),
        (
            "step_limit = 0",
            &["`environment.step_limit`", "small.toml:9:14", "got 0"],
        ),
        (
            "dt = -1",
            &[
                "`environment.dt`",
                "small.toml:9:6",
                "a number above 0",
                "got -1",
            ],
        ),
        ("dt = nan", &["`environment.dt`", "small.toml:9:6"]),
        (
            "dt = \"fast\"",
            &["`environment.dt`", "small.toml:9:6", "\"fast\""],
        ),
    ] {
        refused(last, line, parts);
    }
    refused(
        "kind = \"point-mass\"",
        "kind = \"point-mas\"",
        &["small.toml:8:8", "did you mean `point-mass`?"],
    );
}

#[test]
fn settings_of_models() {
    let last = "architecture = \"dt\"";
    for (line, parts) in [
        (
            "architecture = \"dtt\"",
            &[
                "`models.dt.architecture`",
                "small.toml:17:16",
                "did you mean `dt`?",
            ][..],
        ),
        (
            "heads = 3",
            &[
                "`models.dt.heads`",
                "small.toml:17:9",
                "a divisor of the hidden width 8, got 3",
            ],
        ),
        (
            "observation = 3",
            &[
                "`models.dt.observation`",
                "small.toml:17:15",
                "the environment says",
            ],
        ),
        (
            "action = 2",
            &["`models.dt.action`", "the environment says"],
        ),
        ("hiden = 3", &["small.toml:17:1", "did you mean `hidden`?"]),
        (
            "dropout = 1",
            &["`models.dt.dropout`", "0 to below 1, got 1"],
        ),
    ] {
        refused(last, line, parts);
    }
}

#[test]
fn settings_of_trainings() {
    let last = "data = { return_scale = 10 }";
    for (line, parts) in [
        (
            "seed = 3",
            &[
                "`models.dt.training.seed`",
                "small.toml:26:8",
                "a seed of its own",
            ][..],
        ),
        (
            "lora = {}",
            &[
                "`models.dt.training.lora`",
                "small.toml:26:1",
                "no adapters",
            ],
        ),
        (
            "schedule = { kind = \"constant\", warmup = 70 }",
            &[
                "`models.dt.training.schedule.warmup`",
                "small.toml:26:42",
                "within the 4 steps",
                "got 70",
            ],
        ),
        (
            "data = { context = 9 }",
            &[
                "`models.dt.training.data.context`",
                "small.toml:26:20",
                "set it for the model",
            ],
        ),
        (
            "data = { max_ep_len = 9 }",
            &[
                "`models.dt.training.data.max_ep_len`",
                "set it for the model",
            ],
        ),
        (
            "data = { std_floor = -1 }",
            &[
                "`models.dt.training.data.std_floor`",
                "small.toml:26:22",
                "at least 0, got -1",
            ],
        ),
        (
            "data = { pct_traj = 0 }",
            &[
                "`models.dt.training.data.pct_traj`",
                "a share above 0",
                "got 0",
            ],
        ),
        (
            "data = { return_scal = 1 }",
            &["small.toml:26:10", "did you mean `return_scale`?"],
        ),
        (
            "optimizer = { name = \"adamx\" }",
            &[
                "`models.dt.training.optimizer`",
                "small.toml:26:1",
                "known: adamw, sgd",
            ],
        ),
        (
            "objective = { name = \"token_men\" }",
            &["`models.dt.training.objective`", "token_mean"],
        ),
        (
            "groups = [{ match = \"x\" }]",
            &[
                "unknown key `models.dt.training.groups[0].match`",
                "small.toml:26:13",
            ],
        ),
        (
            "hooks = [{ name = \"none\" }]",
            &["`models.dt.training.hooks`", "small.toml:26:9"],
        ),
    ] {
        refused(last, line, parts);
    }
    refused(
        "steps = 4",
        "steps = 0",
        &["`models.dt.training.steps`", "got 0"],
    );
    refused(
        "micro_batch = 8",
        "micro_batch = 0",
        &["`models.dt.training.micro_batch`"],
    );
}

#[test]
fn settings_of_policies() {
    refused(
        "model = \"dt\"",
        "model = \"dtt\"",
        &[
            "`policies.dt.model` is no trajectory model",
            "did you mean `dt`?",
        ],
    );
    // A model that speaks has learnt nothing of the kind.
    refused(
        "model = \"dt\"",
        "model = \"words\"\n[models.words]\nkind = \"scripted\"\nreplies = [\"{}\"]",
        &[
            "`policies.dt.model` is no trajectory model",
            "got \"words\"",
            "bc, dt",
        ],
    );
    for (line, parts) in [
        (
            "target_score = 100\ntarget_return = -5",
            &["more than one target", "keep one of"][..],
        ),
        (
            "choose_scores = []",
            &["`policies.dt.choose_scores`", "at least one"],
        ),
        (
            "choose_scores = [50, \"best\"]",
            &["`policies.dt.choose_scores`"],
        ),
        (
            "target_score = inf",
            &["`policies.dt.target_score`", "a finite number"],
        ),
        ("target_scor = 1", &["did you mean `target_score`?"]),
        ("rollouts = 0", &["`policies.dt.rollouts`"]),
    ] {
        refused("target_score = 100", line, parts);
    }
    refused(
        "policy = \"dt\"",
        "policy = \"dtt\"",
        &["`agents.team.policy` names `dtt`", "did you mean `dt`?"],
    );
    refused(
        "noise = 0.05",
        "noise = -1",
        &["`policies.expert.noise`", "at least 0"],
    );
    refused(
        "noise = 0.05",
        "random = 2",
        &["`policies.expert.random`", "from 0 to 1"],
    );
}

#[test]
fn what_is_not_of_control_environments() {
    refused("repeats = 2", "repeats = 0", &["`repeats` is out of range"]);
    refused(
        "repeats = 2",
        "repeats = 2\ntimeline = [{ at = \"12:00\", set = {} }]",
        &["`timeline` means nothing"],
    );
    refused(
        "[agents.team]",
        "[agents.beds]\npolicy = \"expert\"\n[agents.team]",
        &["unknown key `agents.beds`", "valid keys: team"],
    );
    // Doses are for patients.
    let (_folder, file) = place("");
    for kind in ["step-protocol", "hand-tuned", "fixed-dose"] {
        let told = refuses(&[
            "run",
            text(&file),
            "--set",
            &format!("policies.random.kind=\"{kind}\""),
            "--set",
            "agents.team.policy=random",
        ]);
        for part in [
            "`policies.random` gives doses",
            "this environment",
            "stabilise",
        ] {
            assert!(told.contains(part), "{kind}, {part}: {told}");
        }
    }
}
