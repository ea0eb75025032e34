//! Knowledge-based clinicians on a small base with known answers.

use std::sync::Arc;

use rounds_environments::clinic::dialogue::{Answer, AnswerKind, Introduction, Question};
use rounds_environments::clinic::knowledge::{
    Condition, Finding, FindingIx, FindingKind, Knowledge, SpecialityIx,
};
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::RunSeed;
use rounds_policies::clinic::knowledge_based::{
    KnowledgeClinician, KnowledgeConfig, QuestionPolicy,
};
use rounds_policies::clinic::task::{
    Action, Content, Diagnosis, DoctorView, Exchange, Observation, Proposal, Speciality, Task,
};
use rounds_policies::policy::{Ask, AskKey, Policy, PolicyError};

/// Four conditions, two for each of two specialities; finding 0 tells the specialities apart,
/// findings 1 and 2 the conditions of each, 3 is a child of 1 that says nothing.
fn knowledge() -> Arc<Knowledge> {
    let condition = |d: u32| Condition {
        name: format!("condition {d}"),
        speciality: SpecialityIx(d / 2),
        severity: 3,
        prior: 0.25,
        codes: Vec::new(),
    };
    let finding = |e: u32| Finding {
        id: format!("f{e}"),
        name: format!("finding {e}"),
        kind: FindingKind::Symptom,
        question: format!("finding {e}?"),
        parent: (e == 3).then_some(FindingIx(1)),
        cost: if e == 0 { 100.0 } else { 1.0 },
        turnaround_min: 0.0,
        probe: None,
    };
    let theta = vec![
        0.99, 0.99, 0.5, 0.5, //
        0.99, 0.01, 0.5, 0.5, //
        0.01, 0.5, 0.99, 0.5, //
        0.01, 0.5, 0.01, 0.5,
    ];
    let base = Knowledge::new(
        "small",
        vec!["A".to_owned(), "B".to_owned()],
        (0..4).map(condition).collect(),
        (0..4).map(finding).collect(),
        theta,
    );
    Arc::new(base.expect("the base is sound"))
}

fn ask(task: Task, speciality: Speciality, answers: &[(u32, Option<bool>)]) -> Ask<Observation> {
    let exchanges = answers
        .iter()
        .map(|&(e, present)| Exchange {
            question: Question::Finding(FindingIx(e)),
            answer: Answer {
                present,
                ..Answer::empty(AnswerKind::Value)
            },
        })
        .collect();
    Ask {
        key: AskKey {
            episode: EpisodeIx(0),
            agent: AgentId(0),
            round: RoundIx(1),
            number: 0,
        },
        observation: Observation {
            task,
            speciality,
            team: vec![known(0), Speciality::Named("B".into())].into(),
            view: Arc::new(DoctorView {
                introduction: Introduction {
                    text: "".into(),
                    complaint: None,
                    observed: Vec::new(),
                },
                exchanges,
            }),
        },
    }
}

fn known(s: u32) -> Speciality {
    Speciality::Known(SpecialityIx(s))
}

fn decide(questions: QuestionPolicy, ask: Ask<Observation>) -> Result<Action, PolicyError> {
    let config = KnowledgeConfig {
        questions,
        ..KnowledgeConfig::default()
    };
    let policy = KnowledgeClinician::new(knowledge(), config).expect("the settings are sound");
    policy
        .decide(RunSeed(1), &[ask])
        .expect("batches do not fail")
        .remove(0)
}

fn question(action: Result<Action, PolicyError>) -> Option<u32> {
    match action {
        Ok(Action::Proposal(Some(Proposal {
            content: Content::Question(Question::Finding(e)),
            ..
        }))) => Some(e.0),
        _ => None,
    }
}

const PROPOSE: Task = Task::Propose { forced: false };

#[test]
fn questions_follow_the_objective_and_are_never_repeated() {
    let all = Speciality::Generalist;
    for (policy, expected) in [
        (QuestionPolicy::Gain, Some(0)),
        (QuestionPolicy::GainPerCost, Some(1)),
        (QuestionPolicy::Fixed, Some(0)),
        (QuestionPolicy::All, Some(0)),
        (QuestionPolicy::None, None),
    ] {
        let got = question(decide(policy, ask(PROPOSE, all.clone(), &[])));
        assert_eq!(got, expected, "{policy:?}");
    }
    let unknown = [(0, None), (1, Some(false))];
    for policy in [QuestionPolicy::Gain, QuestionPolicy::Random] {
        let got = question(decide(policy, ask(PROPOSE, all.clone(), &unknown)));
        assert_eq!(got, Some(2), "the child of an absent finding is not asked");
    }
}

#[test]
fn a_sure_specialist_diagnoses_its_own_conditions_in_order() {
    let answers = [(0, Some(true)), (1, Some(true))];
    let action = decide(QuestionPolicy::Gain, ask(PROPOSE, known(0), &answers));
    let Ok(Action::Proposal(Some(proposal))) = action else {
        panic!("expected a proposal, got {action:?}");
    };
    let Content::Diagnoses(list) = &proposal.content else {
        panic!("expected a list");
    };
    let [Diagnosis::Known(first, p), Diagnosis::Known(second, _)] = list.as_slice() else {
        panic!("expected two conditions, got {list:?}");
    };
    assert_eq!((first.0, second.0), (0, 1));
    assert!((proposal.confidence - (1.0 + 4.0 * p)).abs() < 1e-12);
    let level = decide(
        QuestionPolicy::Gain,
        ask(Task::Confidence, known(0), &answers),
    );
    assert_eq!(level, Ok(Action::Confidence(Some(5))));
    let early = decide(QuestionPolicy::Gain, ask(Task::Confidence, known(0), &[]));
    assert_eq!(early, Ok(Action::Confidence(Some(1))));
}

#[test]
fn votes_defer_to_the_speciality_that_knows() {
    let vote = |content, speciality, answers: &[_]| {
        let proposal = Arc::new(Proposal {
            content,
            confidence: 3.0,
            rationale: "".into(),
        });
        let task = Task::Vote { proposal };
        decide(QuestionPolicy::Gain, ask(task, speciality, answers))
    };
    let list = || Content::Diagnoses(Vec::new());
    let asks = |e| Content::Question(Question::Finding(FindingIx(e)));
    let foreign = [(0, Some(false))];
    assert_eq!(
        vote(list(), known(0), &foreign),
        Ok(Action::Vote(Some(true)))
    );
    assert_eq!(
        vote(list(), known(1), &foreign),
        Ok(Action::Vote(Some(false)))
    );
    assert_eq!(
        vote(asks(2), known(0), &foreign),
        Ok(Action::Vote(Some(true)))
    );
    assert_eq!(
        vote(asks(1), known(1), &foreign),
        Ok(Action::Vote(Some(false)))
    );
    let words = Content::Question(Question::Text("?".into()));
    assert_eq!(vote(words, known(1), &foreign), Ok(Action::Vote(None)));
    assert!(vote(asks(99), known(1), &foreign).is_err());
}

#[test]
fn teams_follow_the_coarse_belief() {
    let team = |task, answers: &[_]| decide(QuestionPolicy::Gain, ask(task, known(0), answers));
    let absent = [(0, Some(false))];
    let only_b = Ok(Action::Team(vec![known(1)]));
    assert_eq!(team(Task::Triage { most: 1 }, &absent), only_b);
    assert_eq!(team(Task::Coordinate { most: 5 }, &absent), only_b);
    assert_eq!(team(Task::Coordinate { most: 1 }, &absent), only_b);
    let both = Ok(Action::Team(vec![known(0), known(1)]));
    assert_eq!(team(Task::Coordinate { most: 5 }, &[]), both);
    assert!(team(Task::Coordinate { most: 0 }, &[]).is_err());
}

#[test]
fn what_the_base_does_not_have_is_refused() {
    for (speciality, answers) in [
        (Speciality::Named("C".into()), vec![]),
        (known(7), vec![]),
        (known(0), vec![(99, Some(true))]),
    ] {
        let got = decide(QuestionPolicy::Gain, ask(PROPOSE, speciality, &answers));
        assert!(matches!(got, Err(PolicyError::Failed(_))), "{got:?}");
    }
    let config = KnowledgeConfig {
        stop_at: 0.0,
        ..KnowledgeConfig::default()
    };
    assert!(KnowledgeClinician::new(knowledge(), config).is_err());
}

#[test]
fn an_unsure_clinician_refers_when_a_list_is_due() {
    let forced = |refer_below| {
        let config = KnowledgeConfig {
            refer_below,
            ..KnowledgeConfig::default()
        };
        let policy = KnowledgeClinician::new(knowledge(), config).unwrap();
        let ask = ask(Task::Propose { forced: true }, Speciality::Generalist, &[]);
        match policy.decide(RunSeed(1), &[ask]).unwrap().remove(0) {
            Ok(Action::Proposal(Some(proposal))) => proposal.content,
            other => panic!("expected a proposal, got {other:?}"),
        }
    };
    assert!(matches!(forced(0.0), Content::Diagnoses(_)));
    assert!(matches!(forced(0.2), Content::Diagnoses(_)));
    let Content::Refer(referral) = forced(0.3) else {
        panic!("no condition is likelier than 0.25: expected a referral");
    };
    assert_eq!((&*referral.to, referral.list.len()), ("A", 4));
}

#[test]
fn an_anchored_clinician_counts_the_introduction_again() {
    let posterior = |anchoring| {
        let config = KnowledgeConfig {
            anchoring,
            ..KnowledgeConfig::default()
        };
        let policy = KnowledgeClinician::new(knowledge(), config).unwrap();
        let mut ask = ask(Task::Solo { diagnose: true }, Speciality::Generalist, &[]);
        let view = Arc::make_mut(&mut ask.observation.view);
        view.introduction.observed = vec![(FindingIx(0), true)];
        match policy.decide(RunSeed(1), &[ask]).unwrap().remove(0) {
            Ok(Action::Proposal(Some(Proposal {
                content: Content::Diagnoses(list),
                ..
            }))) => match list[0] {
                Diagnosis::Known(_, p) => p,
                Diagnosis::Named(_) => panic!("expected a condition of the base"),
            },
            other => panic!("expected a list, got {other:?}"),
        }
    };
    // Finding 0 is 99 to 1 for each of two conditions.
    assert!((posterior(1) - 0.495).abs() < 1e-9);
    let twice = 0.99_f64 * 0.99 / (2.0 * (0.99 * 0.99 + 0.01 * 0.01));
    assert!((posterior(2) - twice).abs() < 1e-9);
}
