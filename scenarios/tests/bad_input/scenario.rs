//! Scenario files.

use crate::{Place, WARD};

/// Line of the policy in the ward, where most mistakes are written.
const POLICY: &str = "policy = \"specialist\"";

#[test]
fn a_wrong_key_or_value_is_shown_where_it_stands() {
    let place = Place::new();
    let cases: [(&str, &str, &[&str]); 16] = [
        (
            "seed = 7",
            "elephant = 7",
            &[
                "unknown key `elephant`",
                "bad.toml:3:1",
                "valid keys: schema",
            ],
        ),
        (
            "episodes = 3",
            "epsiodes = 3",
            &["bad.toml:4:1", "did you mean `episodes`?"],
        ),
        (
            "seed = 7",
            "seed = \"seven\"",
            &[
                "wrong type of `seed`",
                "bad.toml:3:8",
                "got the string \"seven\"",
            ],
        ),
        (
            "seed = 7",
            "[limits]\nrounds = -1",
            &[
                "`limits.rounds` is out of range",
                "bad.toml:4:10",
                "at least 0",
            ],
        ),
        (
            "seed = 7",
            "limits.in_flight = 0",
            &["`limits.in_flight`", "bad.toml:3", "at least 1"],
        ),
        ("seed = 7", "seed = = 7", &["not valid TOML", "bad.toml:3"]),
        (
            "name = \"ward\"",
            "name = \"\"",
            &["bad.toml:2:8", "a name that is not empty"],
        ),
        (
            "scenario/1",
            "scenario/9",
            &["not a scenario of a known version", "bad.toml:1:10"],
        ),
        (
            POLICY,
            "policy = \"specalist\"",
            &["bad.toml:11:10", "did you mean `specialist`?"],
        ),
        (
            "kind = \"knowledge\"",
            "kind = \"language\"\nmodel = \"clinician\"",
            &["bad.toml:15:9", "no table `[models.clinician]`"],
        ),
        (
            POLICY,
            "policy = \"specialist\"\nmax_members = 0",
            &[
                "`agents.team.max_members` is out of range",
                "bad.toml:12:15",
            ],
        ),
        (
            POLICY,
            "policy = \"specialist\"\nagree_threshold = 0",
            &[
                "bad.toml:12:19",
                "above 0 and at most 1",
                "got the integer 0",
            ],
        ),
        (
            POLICY,
            "policy = \"specialist\"\nagree_threshold = 1.01",
            &[
                "bad.toml:12:19",
                "above 0 and at most 1",
                "got the number 1.01",
            ],
        ),
        (
            POLICY,
            "policy = \"specialist\"\nagree_threshold = nan",
            &[
                "bad.toml:12:19",
                "above 0 and at most 1",
                "got the number NaN",
            ],
        ),
        (
            "kind = \"clinic\"",
            "kind = \"clinic\"\nnoise = { unknown = 1.5 }",
            &[
                "`environment.noise.unknown`",
                "bad.toml:8:21",
                "from 0 to 1",
            ],
        ),
        (
            "kind = \"clinic\"",
            "kind = \"clinic\"\nnoise = { flipped = -0.1 }",
            &[
                "`environment.noise.flipped`",
                "bad.toml:8:21",
                "from 0 to 1",
            ],
        ),
    ];
    for (from, to, parts) in cases {
        place.ward_with("bad.toml", from, to);
        place.refused("bad.toml", parts);
    }
}

#[test]
fn every_mistake_of_a_file_is_told() {
    let place = Place::new();
    let two = WARD
        .replace("seed = 7", "sed = 7")
        .replace("\"clinic\"", "1");
    place.write("bad.toml", two);
    place.refused(
        "bad.toml",
        &[
            "did you mean `seed`?",
            "bad.toml:7:8",
            "2 problems in the scenario",
        ],
    );
}

#[test]
fn what_is_no_scenario_file_is_said_to_be_so() {
    let place = Place::new();
    place.refused("elephant.toml", &["elephant.toml: there is no such file"]);
    place.refused(
        "wrd.toml",
        &["there is no such file", "did you mean `ward.toml`?"],
    );
    place.write("folder/x", "");
    let folder = "folder: this is a folder, expected a file";
    place.fails(2, "run folder", &[folder]);
    place.write(
        "latin.toml",
        b"schema = \"rounds.scenario/1\"\nname = \"\xe9\"\n",
    );
    place.refused("latin.toml", &["latin.toml: line 2 is not UTF-8 text"]);
    place.write("empty.toml", "# nothing\n");
    place.refused("empty.toml", &["empty.toml: the file holds no settings"]);
}

#[test]
fn extends_must_end_at_a_file() {
    let place = Place::new();
    place.write("missing.toml", "extends = \"wards.toml\"\n");
    place.refused(
        "missing.toml",
        &[
            "missing.toml:1:11",
            "wards.toml: there is no such file",
            "did you mean `ward.toml`?",
        ],
    );
    place.write("self.toml", "extends = \"self.toml\"\n");
    place.refused("self.toml", &["the file extends itself", "self.toml:1:11"]);
    place.write("a.toml", "extends = \"b.toml\"\n");
    place.write("b.toml", "extends = \"a.toml\"\n");
    place.refused("a.toml", &["the file extends itself", "b.toml:1:11"]);
    place.write("number.toml", "extends = 3\n");
    place.refused(
        "number.toml",
        &["wrong type of `extends`", "number.toml:1:11"],
    );
}

#[test]
fn a_timeline_has_times_and_settings_that_exist() {
    let place = Place::new();
    let cases: [(&str, &[&str]); 4] = [
        (
            "at = \"25h\"\nset = { \"environment.noise.unknown\" = 0.5 }",
            &[
                "`timeline[0].at` is out of range",
                "bad.toml:16:6",
                "a time \"HH:MM\"",
            ],
        ),
        (
            "at = \"12:00\"\nset = { \"environment.noise.unkown\" = 0.5 }",
            &[
                "unknown key `environment.noise.unkown`",
                "bad.toml:17:9",
                "did you mean `unknown`?",
            ],
        ),
        (
            "at = \"12:00\"\nset = { \"environment.noise.unknown\" = 2 }",
            &["`environment.noise.unknown` is out of range", "bad.toml:17"],
        ),
        (
            "at = \"12:00\"\nset = { \"agents.team.kind\" = \"all\" }",
            &[
                "`agents.team.kind` cannot change during an episode",
                "bad.toml:17",
            ],
        ),
    ];
    for (entry, parts) in cases {
        place.write("bad.toml", format!("{WARD}[[timeline]]\n{entry}\n"));
        place.refused("bad.toml", parts);
    }
}

#[test]
fn files_and_folders_that_a_scenario_names_must_be_there() {
    let place = Place::new();
    place.write("base.csv", "");
    place.write("records/x", "");
    let cases: [(&str, &[&str]); 4] = [
        (
            "{ knowledge = \"bse.csv\" }",
            &[
                "bad.toml:8:26",
                "expected a file at bse.csv, which is not there",
                "did you mean `base.csv`?",
            ],
        ),
        (
            "{ knowledge = \"records\" }",
            &[
                "bad.toml:8:26",
                "expected a file at records, which is a folder",
            ],
        ),
        (
            "{ records = \"record\" }",
            &[
                "bad.toml:8:24",
                "a folder at record, which is not there",
                "did you mean `records`?",
            ],
        ),
        (
            "{ records = \"base.csv\" }",
            &["bad.toml:8:24", "a folder at base.csv, which is a file"],
        ),
    ];
    for (patients, parts) in cases {
        place.ward_with("bad.toml", "{ knowledge = \"builtin\" }", patients);
        place.refused("bad.toml", parts);
    }
}
