//! Checks of simulated patients.

use serde_json::json;

use super::*;

fn patient(episode: u32, noise: Noise) -> KnowledgePatient {
    KnowledgePatient::draw(Knowledge::builtin(), RunSeed(3), EpisodeIx(episode), noise)
}

fn ask(patient: &KnowledgePatient, e: usize) -> Answer {
    patient.answer(&Question::Finding(FindingIx(e as u32)), 0.0)
}

const NOISY: Noise = Noise {
    unknown: 0.2,
    flipped: 0.1,
};

#[test]
fn answers_do_not_depend_on_the_order_of_questions() {
    for episode in 0..20 {
        let (a, b) = (patient(episode, NOISY), patient(episode, NOISY));
        let n = a.knowledge.findings().len();
        let forward: Vec<_> = (0..n).map(|e| ask(&a, e)).collect();
        let mut backward: Vec<_> = (0..n).rev().map(|e| ask(&b, e)).collect();
        backward.reverse();
        assert_eq!(forward, backward);
    }
}

#[test]
fn marginal_rates_agree_with_the_base() {
    let base = Knowledge::builtin();
    let n = 20_000;
    for d in [0, 17, 60] {
        let d = ConditionIx(d);
        let mut count = vec![0_u32; base.findings().len()];
        for episode in 0..n {
            let patient = KnowledgePatient::draw_given(
                Arc::clone(&base),
                d,
                RunSeed(11),
                EpisodeIx(episode),
                Noise::default(),
            )
            .unwrap();
            for (c, present) in count.iter_mut().zip(&patient.present) {
                *c += u32::from(*present);
            }
        }
        for (e, c) in count.iter().enumerate() {
            let theta = base.row(d)[e];
            let error = (theta * (1.0 - theta) / f64::from(n)).sqrt();
            let rate = f64::from(*c) / f64::from(n);
            assert!(
                (rate - theta).abs() < 5.0 * error,
                "{}: {rate} {theta}",
                base.findings()[e].id
            );
        }
    }
}

#[test]
fn conditions_follow_the_priors_and_noise_its_rates() {
    let base = Knowledge::builtin();
    let n = 20_000;
    let mut count = vec![0_u32; base.conditions().len()];
    let (mut unknown, mut known, mut wrong) = (0.0, 0.0, 0.0);
    for episode in 0..n {
        let p = patient(episode, NOISY);
        count[p.condition().index()] += 1;
        let e = (episode % 300) as usize;
        if p.introduction.complaint == Some(FindingIx(e as u32)) {
            continue;
        }
        match ask(&p, e).present {
            None => unknown += 1.0,
            Some(present) => {
                known += 1.0;
                wrong += f64::from(u8::from(present != p.present[e]));
            }
        }
    }
    for (c, condition) in count.iter().zip(base.conditions()) {
        let error = (condition.prior * (1.0 - condition.prior) / f64::from(n)).sqrt();
        assert!((f64::from(*c) / f64::from(n) - condition.prior).abs() < 5.0 * error);
    }
    assert!((unknown / (unknown + known) - 0.2_f64).abs() < 0.015);
    assert!((wrong / known - 0.1_f64).abs() < 0.012);
}

#[test]
fn complaint_is_a_present_symptom_and_never_noisy() {
    let noise = Noise {
        unknown: 1.0,
        flipped: 1.0,
    };
    for episode in 0..500 {
        let p = patient(episode, noise);
        let e = p.introduction.complaint.unwrap();
        assert_eq!(p.knowledge.finding(e).kind, FindingKind::Symptom);
        assert_eq!(p.is_present(e), Some(true));
        assert_eq!(ask(&p, e.index()).present, Some(true));
        assert_eq!(p.introduction.observed, [(e, true)]);
    }
}

#[test]
fn children_are_absent_where_their_parent_is() {
    for episode in 0..500 {
        let p = patient(episode, Noise::default());
        for (e, finding) in p.knowledge.findings().iter().enumerate() {
            if let Some(parent) = finding.parent {
                assert!(!p.present[e] || p.present[parent.index()]);
            }
        }
    }
}

#[test]
fn rates_of_noise_can_change_and_change_back() {
    let mut p = patient(4, Noise::default());
    let clean: Vec<_> = (0..100).map(|e| ask(&p, e)).collect();
    p.set("noise.unknown", &json!(0.5)).unwrap();
    p.set("noise.flipped", &json!(0.5)).unwrap();
    assert_ne!(clean, (0..100).map(|e| ask(&p, e)).collect::<Vec<_>>());
    p.set("noise.unknown", &json!(0)).unwrap();
    p.set("noise.flipped", &json!(0)).unwrap();
    assert_eq!(clean, (0..100).map(|e| ask(&p, e)).collect::<Vec<_>>());
}

#[test]
fn tests_can_be_down() {
    let mut p = patient(4, Noise::default());
    let base = Knowledge::builtin();
    let e = base
        .findings()
        .iter()
        .position(|f| f.kind == FindingKind::Test)
        .unwrap();
    assert_eq!(ask(&p, e).kind, AnswerKind::Value);
    p.set("tests", &json!("down")).unwrap();
    assert_eq!(ask(&p, e).kind, AnswerKind::NotRecorded);
    assert!(words(&base, FindingIx(e as u32), &ask(&p, e)).starts_with("Not available: "));
    p.set("tests", &json!("up")).unwrap();
    assert_eq!(ask(&p, e).kind, AnswerKind::Value);
}

#[test]
fn wrong_settings_are_named_with_the_nearest() {
    let mut p = patient(4, Noise::default());
    let error = p.set("noise.flip", &json!(0.1)).unwrap_err().to_string();
    assert!(
        error.contains("noise.unknown, noise.flipped, tests"),
        "{error}"
    );
    assert!(error.ends_with("the nearest is noise.flipped"), "{error}");
    assert!(p.set("noise.unknown", &json!(1.5)).is_err());
    assert!(p.set("tests", &json!(true)).is_err());
}

#[test]
fn questions_in_words_are_matched_by_question_id_and_name() {
    let p = patient(4, Noise::default());
    let fever = p.knowledge.find_finding("night_sweats").unwrap();
    let want = ask(&p, fever.index());
    for text in [
        &p.knowledge.finding(fever).question,
        "NIGHT_SWEATS",
        "Night sweats",
    ] {
        let got = p.answer(&Question::Text(text.into()), 0.0);
        assert_eq!(
            (got.kind, got.present, got.cost),
            (want.kind, want.present, want.cost)
        );
        assert!(got.text.unwrap().ends_with(": night sweats."));
    }
    let got = p.answer(&Question::Text("How are you?".into()), 0.0);
    assert_eq!(got.kind, AnswerKind::NotUnderstood);
    let got = p.answer(&Question::Finding(FindingIx(9999)), 0.0);
    assert_eq!(got.kind, AnswerKind::NotUnderstood);
}

#[test]
fn condition_outside_the_base_is_refused() {
    let base = Knowledge::builtin();
    let got = KnowledgePatient::draw_given(base, ConditionIx(999), RunSeed(1), EpisodeIx(0), NOISY);
    assert!(got.is_err());
}

#[test]
#[expect(clippy::print_stdout, reason = "the measured time is worth seeing")]
fn drawing_is_fast() {
    let base = Knowledge::builtin();
    let start = std::time::Instant::now();
    let n = 20_000;
    for episode in 0..n {
        let p = KnowledgePatient::draw(Arc::clone(&base), RunSeed(1), EpisodeIx(episode), NOISY);
        std::hint::black_box(p);
    }
    let us = start.elapsed().as_secs_f64() * 1e6 / f64::from(n);
    println!(
        "{us:.2} us for a patient of {} findings",
        base.findings().len()
    );
    assert!(us < 500.0, "{us} us for a patient");
}

#[test]
fn the_builtin_base_is_hard_at_first_and_clear_at_last() {
    let base = Knowledge::builtin();
    let best = |p: &KnowledgePatient, seen: &dyn Fn(usize) -> bool| {
        let score = |d: usize| {
            let start = libm::log(base.conditions()[d].prior);
            let row = base.row(ConditionIx(d as u32)).iter().enumerate();
            row.filter(|(e, _)| seen(*e))
                .fold(start, |sum, (e, theta)| {
                    sum + libm::log(if p.present[e] { *theta } else { 1.0 - theta })
                })
        };
        (0..base.conditions().len()).max_by(|a, b| score(*a).total_cmp(&score(*b)))
    };
    let n = 300;
    let (mut first, mut last) = (0, 0);
    for episode in 0..n {
        let p = patient(episode, Noise::default());
        let truth = Some(p.condition().index());
        let complaint = p.introduction.complaint.map(FindingIx::index);
        first += u32::from(best(&p, &|e| Some(e) == complaint) == truth);
        last += u32::from(best(&p, &|_| true) == truth);
    }
    assert!(
        f64::from(first) / f64::from(n) < 0.42,
        "{first} of {n} from the complaint alone"
    );
    assert!(
        f64::from(last) / f64::from(n) >= 0.98,
        "{last} of {n} from all findings"
    );
}
