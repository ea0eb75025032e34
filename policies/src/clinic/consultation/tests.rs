//! The knowledge-based doctor and the moderator.

use std::sync::Arc;

use rounds_environments::clinic::dialogue::{Answer, AnswerKind, Introduction, Question};
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::RunSeed;

use super::*;
use crate::clinic::knowledge_based::{KnowledgeClinician, KnowledgeConfig};
use crate::clinic::reading::Fidelity;
use crate::clinic::task::{DoctorView, Exchange};
use crate::policy::{Ask, AskKey, ModelPolicy, Policy, Reading};

fn ask(task: TurnTask, exchanges: Vec<Exchange>) -> Ask<Consultation> {
    Ask {
        key: AskKey {
            episode: EpisodeIx(0),
            agent: AgentId(0),
            round: RoundIx(1),
            number: 0,
        },
        observation: Consultation {
            task,
            brief: Arc::new(Brief {
                objective: "See her.".into(),
                turns: 20,
                markers: Markers::default(),
                additions: Additions::default(),
            }),
            dialogue: Arc::default(),
            view: Arc::new(DoctorView {
                introduction: Introduction {
                    text: "See her.".into(),
                    complaint: None,
                    observed: Vec::new(),
                },
                exchanges,
            }),
        },
    }
}

fn doctor() -> (Arc<Knowledge>, KnowledgeDoctor) {
    let knowledge = Knowledge::builtin();
    let config = KnowledgeConfig::default();
    let clinician = KnowledgeClinician::new(Arc::clone(&knowledge), config).unwrap();
    let doctor = KnowledgeDoctor::new(Arc::clone(&knowledge), clinician);
    (knowledge, doctor)
}

fn said(doctor: &KnowledgeDoctor, ask: &Ask<Consultation>) -> String {
    let decided = doctor
        .decide(RunSeed(1), std::slice::from_ref(ask))
        .unwrap();
    match decided.into_iter().next().unwrap().unwrap() {
        Turn::Said(words) => words.to_string(),
        other => panic!("expected words, got {other:?}"),
    }
}

#[test]
fn a_knowledge_based_doctor_asks_in_words_and_names_a_condition_in_the_last_turn() {
    let (knowledge, doctor) = doctor();
    let first = said(
        &doctor,
        &ask(
            TurnTask::Speak {
                turn: 1,
                last: false,
            },
            Vec::new(),
        ),
    );
    assert!(
        knowledge.findings().iter().any(|f| f.question == first),
        "{first}"
    );
    let last = said(
        &doctor,
        &ask(
            TurnTask::Speak {
                turn: 20,
                last: true,
            },
            Vec::new(),
        ),
    );
    let Utterance::Diagnosis(name) = Markers::default().read(&last) else {
        panic!("expected a diagnosis, got {last}");
    };
    assert!(
        knowledge.conditions().iter().any(|c| c.name == name),
        "{name}"
    );
}

#[test]
fn answers_move_the_doctor_and_tests_are_asked_by_the_marker() {
    let (knowledge, doctor) = doctor();
    let mut exchanges = Vec::new();
    let mut tests = 0;
    for turn in 1..20 {
        let words = said(
            &doctor,
            &ask(TurnTask::Speak { turn, last: false }, exchanges.clone()),
        );
        let named = match Markers::default().read(&words) {
            Utterance::Diagnosis(_) => break,
            Utterance::Test(name) => {
                tests += 1;
                knowledge.findings().iter().position(|f| f.name == name)
            }
            Utterance::Ask(question) => knowledge
                .findings()
                .iter()
                .position(|f| f.question == question),
        };
        let ix = rounds_environments::clinic::knowledge::FindingIx(named.unwrap() as u32);
        let again = |x: &Exchange| x.question == Question::Finding(ix);
        assert!(!exchanges.iter().any(again), "{words} was asked before");
        let mut answer = Answer::empty(AnswerKind::Value);
        answer.present = Some(turn == 1);
        exchanges.push(Exchange {
            question: Question::Finding(ix),
            answer,
        });
    }
    assert!(tests > 0 && exchanges.len() > 3);
}

#[test]
fn a_moderator_reads_yes_and_no_and_nothing_else() {
    let judge = ask(
        TurnTask::Judge {
            said: "gout".into(),
            truth: ["Gout".to_owned()].into(),
        },
        Vec::new(),
    );
    let verdict = |right| Reading::Action(Turn::Verdict(Some(right)));
    for (reply, strict, published) in [
        ("yes", Some(true), Some(true)),
        ("YES", Some(true), Some(true)),
        (" Yes.\n", Some(true), None),
        ("no", Some(false), Some(false)),
        ("yes, both are gout", None, None),
        ("", None, None),
    ] {
        for (fidelity, expected) in [
            (Fidelity::Strict, strict),
            (Fidelity::AsPublished, published),
        ] {
            let moderator = SpokenModerator {
                fidelity,
                ..SpokenModerator::default()
            };
            let read = moderator.read(&judge, reply);
            match expected {
                Some(right) => assert_eq!(read, verdict(right), "{reply:?}"),
                None => assert!(matches!(read, Reading::AskAgain(_)), "{reply:?}"),
            }
        }
    }
    let moderator = SpokenModerator::default();
    let request = moderator.request(RunSeed(1), &judge).unwrap();
    assert!(!request.messages[0].content.contains("Gout"));
    assert!(request.messages[1].content.contains("Gout"));
    assert_eq!(moderator.neutral(&judge), Ok(Turn::Verdict(None)));
}
