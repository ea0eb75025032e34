//! The roles of a patient that speaks.

use serde_json::{Value, json};

use super::clinic::{ADDITION, DATA, template, texts, variable};
use super::role::{Role, Variable};

fn of_patient() -> Vec<Value> {
    ["", "You are in a hurry."]
        .into_iter()
        .map(|addition| json!({"addition": addition}))
        .collect()
}

/// The patient who introduces itself.
pub static INTRODUCE: Role = Role {
    name: "introduce",
    does: "introduces itself to the doctors as the patient",
    system: template(
        "introduce.system.j2",
        texts!("introduce")[0],
        &[ADDITION],
        of_patient,
    ),
    user: template(
        "introduce.user.j2",
        texts!("introduce")[1],
        &[
            DATA,
            variable(
                "person",
                "what the patient may say of itself: an object whose fields depend on where the \
                 patient comes from",
            ),
            variable("recorded", "the introduction without a model"),
        ],
        || vec![json!({"data": "{}", "person": {}, "recorded": "I cough."})],
    ),
};

const ASKED: [Variable; 3] = [
    DATA,
    variable("question", "the question of the doctor"),
    variable("content", "what the record holds for this question"),
];

fn asked() -> Vec<Value> {
    vec![json!({"data": "{}", "question": "Fever?", "content": "yes"})]
}

/// Who says whether the fetched content answers a question.
pub static SUFFICES: Role = Role {
    name: "suffices",
    does: "says whether what was found in the record answers the question",
    system: template("suffices.system.j2", texts!("suffices")[0], &[], || {
        vec![json!({})]
    }),
    user: template("suffices.user.j2", texts!("suffices")[1], &ASKED, asked),
};

/// The patient who answers from the fetched content.
pub static ANSWER: Role = Role {
    name: "answer",
    does: "answers as the patient from what was found in the record",
    system: template(
        "answer.system.j2",
        texts!("answer")[0],
        &[ADDITION],
        of_patient,
    ),
    user: template("answer.user.j2", texts!("answer")[1], &ASKED, asked),
};

/// The patient who answers from the whole record.
pub static FALLBACK: Role = Role {
    name: "fallback",
    does: "answers as the patient from the whole record, or does not know",
    system: template(
        "fallback.system.j2",
        texts!("fallback")[0],
        &[ADDITION],
        of_patient,
    ),
    user: template(
        "fallback.user.j2",
        texts!("fallback")[1],
        &[
            DATA,
            variable("question", "the question of the doctor"),
            variable(
                "record",
                "the record without demographics and admission: any JSON, or text where it was cut",
            ),
            variable("cut", "the record was cut to the most characters"),
        ],
        || {
            vec![
                json!({"data": "{}", "question": "Fever?", "record": {}, "cut": false}),
                json!({"data": "{}", "question": "Fever?", "record": "{\"a", "cut": true}),
            ]
        },
    ),
};
