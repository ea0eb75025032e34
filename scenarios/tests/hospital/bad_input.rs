//! What cannot be is refused with its place, what was expected, and the nearest name.

use super::{place, refuses, says, text};

/// What is said of the scenario with these settings.
#[track_caller]
fn refused(set: &[&str], parts: &[&str]) {
    let (_folder, file) = place("");
    let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    let told = refuses(&[&["check", text(&file)], &set[..]].concat());
    for part in parts {
        assert!(told.contains(part), "{set:?}, {part}: {told}");
    }
}

/// The same of a day on which nobody deteriorates.
#[track_caller]
fn ordinary(set: &[&str], parts: &[&str]) {
    let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    let told = refuses(&[&["check", "scenarios/clinic-day.toml"], &set[..]].concat());
    for part in parts {
        assert!(told.contains(part), "{set:?}, {part}: {told}");
    }
}

#[test]
fn settings_of_patients() {
    for (set, parts) in [
        (
            "environment.deteriorating=1.5",
            &["`environment.deteriorating`", "from 0 to 1", "--set:1:27"][..],
        ),
        (
            "environment.deteriorating=-0.1",
            &["`environment.deteriorating`", "from 0 to 1"],
        ),
        (
            "environment.configurations=[{ name = \"a\", deteriorating = 2 }]",
            &[
                "`environment.configurations[0].deteriorating`",
                "from 0 to 1",
            ],
        ),
        (
            "environment.stability.step_h=1",
            &["`environment.stability.step_h`", "a step is a tick"],
        ),
        (
            "environment.stability.step_limit=1",
            &["`environment.stability.step_limit`"],
        ),
        (
            "environment.stability.potencyy=1",
            &["did you mean `potency`?"],
        ),
        (
            "environment.stability.drift=[0.1]",
            &["`environment.stability.drift`", "length 5"],
        ),
        (
            "environment.stability.unstable_at=5",
            &["`environment.stability.unstable_at`", "to 1, got 5"],
        ),
        (
            "environment.stability.potency=nan",
            &["`environment.stability.potency`", "--set:1:31"],
        ),
    ] {
        refused(&[set], parts);
    }
}

#[test]
fn who_gives_doses() {
    for (set, parts) in [
        (
            "agents.beds.policy=dtt",
            &["names `dtt`, which is not declared", "did you mean `dt`?"][..],
        ),
        (
            "agents.beds.policy=rota",
            &[
                "`agents.beds.policy` names `rota`, which gives no doses",
                "policies: bc, dt, fixed",
            ],
        ),
        (
            "agents.team.policy=dt",
            &[
                "`agents.team.policy` names `dt`, which sends no staff",
                "ma-spl, own-best, rota",
            ],
        ),
        (
            "agents.beds.trainings=0",
            &["`agents.beds.trainings`", "from 1 to 1000"],
        ),
        ("agents.beds.training=1", &["did you mean `trainings`?"]),
        (
            "policies.dt.model=bcc",
            &[
                "`policies.dt.model` is no trajectory model",
                "did you mean `bc`?",
            ],
        ),
    ] {
        refused(&[set], parts);
    }
    let (_folder, file) = place("");
    let told = refuses(&[
        "check",
        text(&file),
        "--set",
        "policies.protocol.steps=[[0.5, 3]]",
    ]);
    // What cannot be read is not told again where it is named.
    assert!(
        told.contains("`policies.protocol") && !told.contains("no policy"),
        "{told}"
    );
}

#[test]
fn days_before_the_test() {
    for (set, parts) in [
        (
            "data.policies=[\"protocol\", \"dt\"]",
            &[
                "`data.policies` names no policy that serves here",
                "got \"dt\"",
                "fixed, hand-tuned, protocol",
            ][..],
        ),
        (
            "data.policies=[\"protocl\"]",
            &["got \"protocl\"", "did you mean `protocol`?"],
        ),
        (
            "data.policies=[\"rota\"]",
            &["`data.policies`", "got \"rota\""],
        ),
        (
            "data.policies=[]",
            &["`data.policies`", "at least one policy that gives doses"],
        ),
        (
            "data.assignment=rotaa",
            &["`data.assignment`", "did you mean `rota`?"],
        ),
        (
            "data.assignment=protocol",
            &["`data.assignment`", "got \"protocol\""],
        ),
        (
            "data.kind=mixture",
            &["`data.kind`", "expected one of ward"],
        ),
        ("data.days=0", &["`data.days`", "1 to 10000 days, got 0"]),
        ("data.day=1", &["did you mean `days`?"]),
    ] {
        refused(&[set], parts);
    }
    // A model is not asked on days that nobody records.
    refused(
        &[
            "models.words={ kind = \"scripted\", replies = [\"{}\"] }",
            "policies.own-best={ kind = \"language\", model = \"words\" }",
            "data.assignment=own-best",
        ],
        &["`data.assignment`", "got \"own-best\"", "ma-spl, rota"],
    );
}

#[test]
fn interactions() {
    let with = |metric: &str, arms: &str| {
        format!("interactions=[{{ name = \"x\", metric = {metric:?}, arms = [{arms}] }}]")
    };
    const FOUR: &str = "\"rota + protocol\", \"ma-spl + protocol\", \"rota + dt\", ";
    refused(
        &[&with("harm", &format!("{FOUR}\"ma-spl + dtt\""))],
        &[
            "name the arm \"ma-spl + dtt\", which there is not",
            "did you mean `ma-spl + dt`?",
        ],
    );
    refused(
        &[&with("harm", FOUR)],
        &[
            "`interactions[0].arms`",
            "four names of arms",
            "an array of 3",
        ],
    );
    refused(
        &["interactions=[{ metric = \"harm\" }]"],
        &[
            "`interactions[0].name` is missing",
            "`interactions[0].arms` is missing",
        ],
    );
    let scale =
        with("harm", &format!("{FOUR}\"ma-spl + dt\"")).replace("arms", "scale = \"rato\", arms");
    refused(
        &[&scale],
        &["`interactions[0].scale`", "did you mean `ratio`?"],
    );

    let (metric, known) = (
        with("harms", &format!("{FOUR}\"ma-spl + dt\"")),
        with("harm[4 an hour]", &format!("{FOUR}\"ma-spl + dt\"")),
    );
    refused(
        &[&metric],
        &["`interactions[0].metric`: no episode has the metric \"harms\"; did you mean \"harm\"?"],
    );
    let (folder, file) = place("");
    let out = folder.path().join("out");
    let bench = ["bench", text(&file), "--quiet", "--out", text(&out)];
    let told = refuses(&[&bench[..], &["--set", &metric]].concat());
    assert!(told.contains("no episode has the metric"), "{told}");
    assert!(!out.join("0-rota + protocol").exists());
    says(&["check", text(&file), "--set", &known]);
}

#[test]
fn models_without_anything_to_learn_from() {
    let (_folder, file) = place("");
    // Days of its own, with a model at the beds and no earlier ones.
    let own = "schema = \"rounds.scenario/1\"\nname = \"own\"\n[environment]\nkind = \"clinic-day\"\n\
               patients = { knowledge = \"builtin\" }\ndeteriorating = 0.5\n[models.bc]\nkind = \"trajectory\"\n\
               architecture = \"bc\"\n[agents.team]\npolicy = \"rota\"\n[agents.beds]\npolicy = \"bc\"\n\
               [policies.rota]\nkind = \"rota\"\n[policies.bc]\nkind = \"learned\"\nmodel = \"bc\"\n";
    std::fs::write(&file, own).unwrap();
    let told = refuses(&["check", text(&file)]);
    for part in [
        "`policies.bc` learns from `[data]`, which is missing",
        "cut.toml:18:9",
        "kind = \"ward\"",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn models_that_could_learn_from_nobody() {
    let (_folder, file) = place("");
    let nobody = |name: &str| format!("{{ name = \"{name}\", deteriorating = 0.0 }}");
    let set = format!(
        "environment.configurations=[{}, {}]",
        nobody("one"),
        nobody("two")
    );
    let told = refuses(&["check", text(&file), "--set", &set]);
    for part in [
        "learns from patients who deteriorate, and nobody does",
        "in at least one configuration",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn an_ordinary_day_has_nobody_to_give_doses_to() {
    let protocol = "policies.protocol={ kind = \"step-protocol\" }";
    ordinary(
        &[protocol, "agents.beds.policy=protocol"],
        &[
            "`agents.beds` gives doses, which nobody needs",
            "`environment.deteriorating = 0.5`",
        ],
    );
    ordinary(
        &[
            protocol,
            "data={ kind = \"ward\", policies = [\"protocol\"], assignment = \"rota\" }",
        ],
        &["`data` is of doses, which nobody needs"],
    );
    // A share of none is one to compare with.
    let none = "environment.deteriorating=0";
    let beds = "agents.beds.policy=protocol";
    let checked = [
        "check",
        "scenarios/clinic-day.toml",
        "--set",
        protocol,
        "--set",
        beds,
    ];
    says(&[&checked[..], &["--set", none]].concat());
}
