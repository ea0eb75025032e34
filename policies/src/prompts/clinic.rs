//! The roles of doctors and of those who judge.

use serde_json::{Value, json};

use super::role::{Role, Template, Variable};

/// The built-in texts of a role: system and user.
macro_rules! texts {
    ($name:literal) => {
        [
            include_str!(concat!("../../prompts/", $name, ".system.j2")),
            include_str!(concat!("../../prompts/", $name, ".user.j2")),
        ]
    };
}

pub(super) use texts;

pub(super) const fn template(
    file: &'static str,
    text: &'static str,
    variables: &'static [Variable],
    samples: fn() -> Vec<Value>,
) -> Template {
    Template {
        file,
        text,
        variables,
        samples,
    }
}

pub(super) const fn variable(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, meaning }
}

const SPECIALITY: Variable = variable(
    "speciality",
    "the speciality of the one who is asked, where the knowledge base has it; else none, and the \
     data names it",
);
pub(super) const ADDITION: Variable =
    variable("addition", "text that a behaviour adds; may be empty");
pub(super) const DATA: Variable =
    variable("data", "all other variables as one JSON object, as text");
const LIST_LENGTH: Variable = variable("list_length", "most diagnoses of a list");

const SEEN: [Variable; 6] = [
    DATA,
    variable("introduction", "how the patient presented"),
    variable(
        "omitted_exchanges",
        "how many of the oldest exchanges were cut",
    ),
    variable(
        "exchanges",
        "list of questions and answers, oldest first: each has `question` and `answer`",
    ),
    variable("team", "specialities of the team, in its order"),
    variable(
        "speciality",
        "the speciality of the one who is asked; none for triage and coordination",
    ),
];

fn seen() -> Vec<Value> {
    vec![
        json!({
            "data": "{}",
            "introduction": "I cough.",
            "omitted_exchanges": 1,
            "exchanges": [{"question": "Fever?", "answer": "yes"}],
            "team": ["Cardiology"],
            "speciality": "Cardiology",
        }),
        json!({
            "data": "{}",
            "introduction": "",
            "omitted_exchanges": 0,
            "exchanges": [],
            "team": [],
            "speciality": null,
        }),
    ]
}

/// Contexts with every speciality that is given or not, crossed with `fields`.
fn of_member(fields: &[Value]) -> Vec<Value> {
    let mut out = Vec::new();
    for speciality in [json!("Cardiology"), Value::Null] {
        for addition in ["", "You saw gout last week."] {
            for field in fields {
                let mut context = field.clone();
                context["speciality"] = speciality.clone();
                context["addition"] = addition.into();
                out.push(context);
            }
        }
    }
    out
}

fn of_team() -> Vec<Value> {
    ["", "You saw gout last week."]
        .into_iter()
        .map(|addition| json!({"most": 5, "addition": addition}))
        .collect()
}

fn of_list() -> Vec<Value> {
    of_member(&[
        json!({"diagnose": true, "list_length": 10}),
        json!({"diagnose": false, "list_length": 10}),
    ])
}

const DIAGNOSE: Variable = variable(
    "diagnose",
    "a list of diagnoses is due; else a question is, or either in a panel",
);

/// What a member sees who is asked for a list or a question.
const SEEN_WITH_DUE: [Variable; 7] = [
    SEEN[0], SEEN[1], SEEN[2], SEEN[3], SEEN[4], SEEN[5], DIAGNOSE,
];

fn seen_with_due() -> Vec<Value> {
    let mut contexts = Vec::new();
    for diagnose in [true, false] {
        for mut context in seen() {
            context["diagnose"] = diagnose.into();
            contexts.push(context);
        }
    }
    contexts
}

const LIST: [Variable; 4] = [SPECIALITY, DIAGNOSE, LIST_LENGTH, ADDITION];

const MOST: [Variable; 2] = [variable("most", "most specialists to name"), ADDITION];

/// The general practitioner who names the first team.
pub static TRIAGE: Role = Role {
    name: "triage",
    does: "names the first team from how the patient presents",
    system: template("triage.system.j2", texts!("triage")[0], &MOST, of_team),
    user: template("triage.user.j2", texts!("triage")[1], &SEEN, seen),
};

/// A lone specialist who says how confident it is.
pub static CONFIDENCE: Role = Role {
    name: "confidence",
    does: "says, alone at the bed, how confident it is to name the diagnosis",
    system: template(
        "confidence.system.j2",
        texts!("confidence")[0],
        &[SPECIALITY, ADDITION],
        || of_member(&[json!({})]),
    ),
    user: template("confidence.user.j2", texts!("confidence")[1], &SEEN, seen),
};

/// A lone specialist who lists diagnoses or asks.
pub static SOLO: Role = Role {
    name: "solo",
    does: "lists diagnoses or asks one question, alone at the bed",
    system: template("solo.system.j2", texts!("solo")[0], &LIST, of_list),
    user: template(
        "solo.user.j2",
        texts!("solo")[1],
        &SEEN_WITH_DUE,
        seen_with_due,
    ),
};

/// A member of a panel who proposes.
pub static PROPOSE: Role = Role {
    name: "propose",
    does: "proposes a list of diagnoses or a question to the panel",
    system: template("propose.system.j2", texts!("propose")[0], &LIST, of_list),
    user: template(
        "propose.user.j2",
        texts!("propose")[1],
        &SEEN_WITH_DUE,
        seen_with_due,
    ),
};

/// A member of a panel who votes on another's proposal.
pub static VOTE: Role = Role {
    name: "vote",
    does: "agrees or disagrees with the proposal of another member",
    system: template(
        "vote.system.j2",
        texts!("vote")[0],
        &[SPECIALITY, ADDITION],
        || of_member(&[json!({})]),
    ),
    user: template(
        "vote.user.j2",
        texts!("vote")[1],
        &[
            SEEN[0],
            SEEN[1],
            SEEN[2],
            SEEN[3],
            SEEN[4],
            SEEN[5],
            variable(
                "proposal",
                "the proposal: `type` (question, diagnosis or refer), `content` and `rationale`",
            ),
        ],
        || {
            let proposals = [
                json!({"type": "question", "content": "Fever?", "rationale": "r"}),
                json!({"type": "diagnosis", "content": ["Gout"], "rationale": ""}),
            ];
            let mut out = Vec::new();
            for proposal in proposals {
                for mut context in seen() {
                    context["proposal"] = proposal.clone();
                    out.push(context);
                }
            }
            out
        },
    ),
};

/// Who adjusts the team after each round.
pub static COORDINATE: Role = Role {
    name: "coordinate",
    does: "names the team of the next round",
    system: template(
        "coordinate.system.j2",
        texts!("coordinate")[0],
        &MOST,
        of_team,
    ),
    user: template("coordinate.user.j2", texts!("coordinate")[1], &SEEN, seen),
};

/// The doctor of a consultation in free text.
pub static DOCTOR: Role = Role {
    name: "doctor",
    does: "talks with the patient in free text, orders tests and names the diagnosis",
    system: template(
        "doctor.system.j2",
        texts!("doctor")[0],
        &[
            variable("test_line", "the line that asks for a test"),
            variable("diagnosis_line", "the line that names the diagnosis"),
            variable("turn", "number of the turn, from 1"),
            variable("turns", "most turns"),
            variable("last", "it is the last turn"),
            ADDITION,
        ],
        || {
            [(false, ""), (true, ""), (false, "You saw gout last week.")]
                .into_iter()
                .map(|(last, addition)| {
                    json!({
                        "test_line": "REQUEST TEST: NAME",
                        "diagnosis_line": "DIAGNOSIS READY: NAME",
                        "turn": 1,
                        "turns": 20,
                        "last": last,
                        "addition": addition,
                    })
                })
                .collect()
        },
    ),
    user: template(
        "doctor.user.j2",
        texts!("doctor")[1],
        &[
            DATA,
            variable("objective", "all that the doctor is told at the start"),
            variable("omitted", "how many of the oldest remarks were cut"),
            variable(
                "dialogue",
                "what was said, oldest first: each has `by` (doctor, patient or measurement) and \
                 `text`",
            ),
            variable("last_turn", "it is the last turn"),
        ],
        || {
            vec![json!({
                "data": "{}",
                "objective": "Find out what it is.",
                "omitted": 0,
                "dialogue": [{"by": "patient", "text": "I cough."}],
                "last_turn": false,
            })]
        },
    ),
};

/// Who compares a diagnosis with the truth.
pub static MODERATOR: Role = Role {
    name: "moderator",
    does: "says whether a diagnosis in words is one of the true ones",
    system: template("moderator.system.j2", texts!("moderator")[0], &[], || {
        vec![json!({})]
    }),
    user: template(
        "moderator.user.j2",
        texts!("moderator")[1],
        &[
            DATA,
            variable("diagnosis", "the diagnosis in the words of the doctor"),
            variable("truth", "names of the true diagnoses"),
        ],
        || vec![json!({"data": "{}", "diagnosis": "gout", "truth": ["Gout"]})],
    ),
};

/// Who answers the yes-or-no questions of checks.
pub static JUDGE: Role = Role {
    name: "judge",
    does: "answers a yes-or-no question of a check about a transcript",
    system: template("judge.system.j2", texts!("judge")[0], &[], || {
        vec![json!({})]
    }),
    user: template(
        "judge.user.j2",
        texts!("judge")[1],
        &[
            DATA,
            variable("question", "the question of the check"),
            variable("transcript", "what both sides said, one line a turn"),
        ],
        || vec![json!({"data": "{}", "question": "Was it kind?", "transcript": "…"})],
    ),
};
