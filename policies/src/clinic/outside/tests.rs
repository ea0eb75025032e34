use std::sync::Arc;

use rounds_environments::clinic::dialogue::{
    Answer, AnswerKind, AnswerSource, Introduction, Question,
};
use rounds_environments::clinic::knowledge::{FindingIx, Knowledge};
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::RunSeed;
use serde_json::{Value, json};

use super::{OutsideClinician, hello};
use crate::clinic::task::{
    Action, Content, Diagnosis, DoctorView, Exchange, Observation, Proposal, Speciality, Task,
};
use crate::policy::{Ask, AskKey, ModelPolicy, Reading};

fn clinician() -> OutsideClinician {
    OutsideClinician {
        knowledge: Knowledge::builtin(),
        list_length: 3,
    }
}

fn ask(task: Task) -> Ask<Observation> {
    let answer = Answer {
        present: Some(false),
        source: AnswerSource::Chart,
        ..Answer::empty(AnswerKind::Value)
    };
    Ask {
        key: AskKey {
            episode: EpisodeIx(1),
            agent: AgentId(2),
            round: RoundIx(3),
            number: 4,
        },
        observation: Observation {
            task,
            speciality: Speciality::Generalist,
            team: vec![Speciality::Generalist].into(),
            view: Arc::new(DoctorView {
                introduction: Introduction {
                    text: "my chest \"hurts\"\nnow".into(),
                    complaint: Some(FindingIx(0)),
                    observed: vec![(FindingIx(0), true)],
                },
                exchanges: vec![Exchange {
                    question: Question::Finding(FindingIx(7)),
                    answer,
                }],
            }),
        },
    }
}

fn read(task: Task, decision: Value) -> Result<Action, String> {
    match clinician().read(&ask(task), &decision.to_string()) {
        Reading::Action(action) => Ok(action),
        Reading::AskAgain(why) => Err(why),
        Reading::Mended(_, why) => panic!("nothing is mended: {why}"),
    }
}

fn proposal(task: Task, decision: Value) -> Proposal {
    match read(task, decision) {
        Ok(Action::Proposal(Some(proposal))) => proposal,
        other => panic!("expected a proposal, got {other:?}"),
    }
}

#[test]
fn an_observation_is_one_line_that_reads_back() {
    let request = clinician()
        .request(RunSeed(1), &ask(Task::Propose { forced: false }))
        .unwrap();
    assert_eq!(request.messages.len(), 1);
    let text = &request.messages[0].content;
    assert!(!text.contains('\n'));
    let seen: Value = serde_json::from_str(text).unwrap();
    assert_eq!(seen["want"], json!(["ask", "diagnose", "refer"]));
    assert_eq!(seen["introduction"], "my chest \"hurts\"\nnow");
    assert_eq!(
        seen["known"],
        json!({"chest_pain": true, "palpitations": false})
    );
    assert_eq!(seen["exchanges"][0]["finding"], "palpitations");
    assert_eq!(seen["exchanges"][0]["answer"], "no");
    assert_eq!(seen["complaint"], "chest_pain");
    let again = clinician()
        .request(RunSeed(1), &ask(Task::Propose { forced: false }))
        .unwrap();
    assert_eq!(again, request);
    assert_ne!(
        clinician()
            .request(RunSeed(2), &ask(Task::Confidence))
            .unwrap()
            .seed,
        request.seed
    );
}

#[test]
fn the_greeting_holds_every_name_and_probability() {
    let knowledge = Knowledge::builtin();
    let text = hello("mine", &knowledge, 10);
    assert!(!text.contains('\n'));
    let greeting: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(greeting["schema"], "rounds.process/1");
    let findings = greeting["findings"].as_array().unwrap();
    assert_eq!(findings.len(), knowledge.findings().len());
    for condition in greeting["conditions"].as_array().unwrap() {
        assert_eq!(
            condition["present"].as_array().unwrap().len(),
            findings.len()
        );
    }
}

#[test]
fn every_task_takes_its_decision_out_of_one_object() {
    let all = json!({"team": ["Cardiology", "cardiology", "Witchcraft"], "vote": false,
                     "confidence": 4, "ask": "fever", "rationale": "why not"});
    let Ok(Action::Team(team)) = read(Task::Triage { most: 5 }, all.clone()) else {
        panic!("expected a team");
    };
    assert_eq!(team.len(), 2);
    assert!(matches!(team[0], Speciality::Known(_)));
    assert_eq!(
        read(Task::Confidence, all.clone()),
        Ok(Action::Confidence(Some(4)))
    );
    let voted = Proposal {
        content: Content::Question(Question::Text("?".into())),
        confidence: 1.0,
        rationale: "".into(),
    };
    let vote = Task::Vote {
        proposal: voted.into(),
    };
    assert_eq!(read(vote, all.clone()), Ok(Action::Vote(Some(false))));
    let asked = proposal(Task::Propose { forced: false }, all);
    assert!(matches!(
        asked.content,
        Content::Question(Question::Finding(_))
    ));
    assert_eq!((asked.confidence, &*asked.rationale), (4.0, "why not"));
}

#[test]
fn questions_lists_and_referrals_are_read() {
    let free = Task::Propose { forced: false };
    let words = proposal(free.clone(), json!({"ask": "How do you sleep?"}));
    let text = Question::Text("How do you sleep?".into());
    assert_eq!(words.content, Content::Question(text));
    let list =
        json!({"diagnose": [{"name": "angina", "p": 0.7}, "Dragon pox", "ANGINA", "x", "y"]});
    let Content::Diagnoses(list) = proposal(free.clone(), list).content else {
        panic!("expected a list");
    };
    assert_eq!(list.len(), 3);
    assert_eq!(list[1], Diagnosis::Named("Dragon pox".into()));
    let refer = json!({"refer": "Cardiology", "reason": "unclear", "diagnose": ["x"]});
    let Content::Refer(referral) = proposal(free, refer).content else {
        panic!("expected a referral");
    };
    assert_eq!(
        (&*referral.to, &*referral.reason),
        ("Cardiology", "unclear")
    );
    assert_eq!(referral.list.len(), 1);
}

#[test]
fn what_is_no_decision_is_told_what_was_expected() {
    let forced = || Task::Propose { forced: true };
    let why = |task, decision| read(task, decision).unwrap_err();
    assert_eq!(
        why(forced(), json!({"diagnos": []})),
        "expected one of `diagnose`, `refer`, got `diagnos`; did you mean `diagnose`?"
    );
    assert!(why(forced(), json!({"ask": "fever"})).contains("an object with [ask]"));
    assert!(why(forced(), json!([1])).contains("expected an object"));
    assert!(why(forced(), json!({"diagnose": []})).contains("at least one"));
    assert!(why(forced(), json!({"diagnose": [{"name": "x", "p": 2}]})).contains("0 to 1"));
    let both = json!({"ask": "fever", "diagnose": ["x"]});
    assert!(why(Task::Propose { forced: false }, both).contains("got ask and diagnose"));
    assert!(why(Task::Confidence, json!({"confidence": 9})).contains("from 1 to 5, got 9"));
    let neutral = clinician().neutral(&ask(Task::Confidence));
    assert!(neutral.unwrap_err().to_string().contains("confidence"));
}
