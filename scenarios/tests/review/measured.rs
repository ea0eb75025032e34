//! What ratings come to, against values worked out by hand.

use serde_json::{Value, json};

use super::{Place, person};

#[track_caller]
fn close(got: &Value, want: f64) {
    let got_number = got.as_f64().unwrap_or(f64::NAN);
    assert!((got_number - want).abs() < 1e-9, "got {got}, want {want}");
}

#[test]
fn kappa_and_the_corrected_score_are_those_of_the_hand() {
    let place = Place::new();
    place.export(&[]);
    place.rate("anna.csv", "Anna", person);
    let (out, _) = place.ends(0, &["review", "import", "out", "anna.csv"]);
    assert!(out.contains("Research software"), "{out}");
    let review = place.json("out/review/review.json");
    let overall = &review["groups"][0];
    assert_eq!(overall["of"], "overall");
    let agreement = &overall["agreement"];
    // Yes and yes 4, yes and no 2, no and yes 1, no and no 3: observed 0.7, chance 0.5.
    assert_eq!(agreement["confusion"], json!([[4, 2], [1, 3]]));
    close(&agreement["agreement"], 0.7);
    close(&agreement["kappa"], 0.4);
    close(&agreement["macro_f1"], (8.0 / 11.0 + 6.0 / 9.0) / 2.0);
    let ci = agreement["kappa_ci95"].as_array().unwrap();
    assert!(ci[0].as_f64().unwrap() < 0.4 && ci[1].as_f64().unwrap() > 0.4);
    // A visit has 21 of 21 points with a kind doctor, else 11; it passes with 70 %.
    let arm = &review["arms"][0];
    let mean = |kind: f64| (kind * 21.0 + (10.0 - kind) * 11.0) / 210.0;
    close(&arm["score"]["machine"], mean(6.0));
    close(&arm["score"]["corrected"]["mean"], mean(5.0));
    close(&arm["pass_rate"]["machine"], 0.6);
    close(&arm["pass_rate"]["corrected"]["mean"], 0.5);
    // Ten cases of one visit, all rated: the t interval of the human scores.
    let sd = (10.0_f64 / 9.0).sqrt() * 0.5 * 10.0 / 21.0;
    let half = 2.262_157_162_740_991 * sd / 10.0_f64.sqrt();
    close(&arm["score"]["corrected"]["ci95"][0], mean(5.0) - half);
    assert_eq!((&arm["visits"], &arm["rated"]), (&json!(10), &json!(10)));
    let page = place.read("out/review/review.html");
    assert!(page.contains("0.400") && page.contains("not for clinical use"));
    assert!(place.read("out/review/review.md").contains("| 0.400 |"));
}

#[test]
fn importing_again_gives_equal_bytes() {
    let place = Place::new();
    place.export(&[]);
    place.rate("anna.csv", "Anna", person);
    let files = ["review.json", "review.md", "review.html"];
    let read = |folder: &str| files.map(|file| place.read(&format!("{folder}/{file}")));
    place.ends(0, &["review", "import", "out", "anna.csv"]);
    let first = read("out/review");
    place.ends(0, &["review", "import", "out", "anna.csv"]);
    assert!(first == read("out/review"));
    let arguments = [
        "review", "import", "out", "anna.csv", "--out", "else", "--json",
    ];
    let (out, _) = place.ends(0, &arguments);
    assert!(first == read("else"));
    assert!(out == first[0]);
}

#[test]
fn raters_are_compared_and_the_majority_counts() {
    let place = Place::new();
    place.export(&[]);
    place.rate("anna.csv", "Anna", person);
    // Ben differs from Anna in two cases, and cannot tell of one.
    let ben = |case: usize, check: &str| match case {
        0 => "no",
        9 => "cannot tell",
        _ => person(case, check),
    };
    // Without a name of their own, ratings are of the one that the file is named after.
    place.rate("Ben.csv", "", ben);
    let (out, _) = place.ends(0, &["review", "import", "out", "anna.csv", "Ben.csv"]);
    assert!(out.contains("Anna and Ben"), "{out}");
    let review = place.json("out/review/review.json");
    assert_eq!(review["raters"][1]["rater"], "Ben");
    assert_eq!(review["raters"][1]["cannot_tell"], 1);
    let pair = &review["pairs"][0];
    assert_eq!(
        (&pair["common"], &pair["agreement"]["n"]),
        (&json!(10), &json!(9))
    );
    // Yes and yes 3, yes and no 1, no and no 5.
    assert_eq!(pair["agreement"]["confusion"], json!([[3, 1], [0, 5]]));
    let chance = (4.0 * 3.0 + 5.0 * 6.0) / 81.0;
    close(
        &pair["agreement"]["kappa"],
        (8.0 / 9.0 - chance) / (1.0 - chance),
    );
    // A tie leaves case 0 open; of case 9, Anna alone decides.
    assert_eq!(review["groups"][0]["open"], 1);
    assert_eq!(
        review["groups"][0]["agreement"]["confusion"],
        json!([[3, 2], [1, 3]])
    );
    // Case 0 has its other points alone, and is halfway between passed and not.
    let arm = &review["arms"][0];
    close(&arm["pass_rate"]["bounds"][0], 0.4);
    close(&arm["pass_rate"]["bounds"][1], 0.5);
    close(
        &arm["score"]["bounds"][0],
        (4.0 * 21.0 + 6.0 * 11.0) / 210.0,
    );
    close(
        &arm["score"]["bounds"][1],
        (5.0 * 21.0 + 5.0 * 11.0) / 210.0,
    );
}

#[test]
fn a_part_rated_corrects_all_visits() {
    let place = Place::new();
    place.export(&["--sample", "5"]);
    place.rate("anna.csv", "Anna", |_, _| "no");
    place.ends(0, &["review", "import", "out", "anna.csv"]);
    let review = place.json("out/review/review.json");
    let arm = &review["arms"][0]["pass_rate"];
    let rated = arm["machine_rated"].as_f64().unwrap();
    close(&arm["corrected"]["mean"], 0.6 - rated);
    close(&arm["human_rated"], 0.0);
    assert_eq!(review["arms"][0]["rated"], 5);
}

#[test]
fn where_both_say_one_thing_kappa_is_undefined_and_says_why() {
    let place = Place::new();
    place.export(&["--checks", "all"]);
    place.rate("anna.csv", "Anna", |case, check| {
        if check == "asks" {
            "yes"
        } else {
            person(case, check)
        }
    });
    place.ends(0, &["review", "import", "out", "anna.csv"]);
    let review = place.json("out/review/review.json");
    let groups = review["groups"].as_array().unwrap();
    let names: Vec<String> = groups
        .iter()
        .map(|g| {
            format!(
                "{} {}",
                g["of"].as_str().unwrap(),
                g["name"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            "overall ",
            "judge ",
            "predicate ",
            "axis communication",
            "axis history",
            "check asks",
            "check kind"
        ]
    );
    let history = &groups[4]["agreement"];
    assert_eq!(history["kappa"], Value::Null);
    let why = history["why"].as_str().unwrap();
    assert!(why.contains("both always say yes"), "{why}");
    close(&groups[6]["agreement"]["kappa"], 0.4);
}
