//! Every row, on debug binaries: what it is answered, and what it costs the database.

use super::{Group, all};
use crate::bed::Bed;
use crate::trial::{self, Load};
use local::binaries;
use local::template::Template;
use std::collections::{BTreeMap, BTreeSet};

const LOAD: Load = Load { warm_up: 0, measured: 2 };

#[tokio::test(flavor = "multi_thread")]
async fn every_function_has_a_row_and_every_row_is_answered_as_it_should_be() {
    let bed = Bed::start(binaries::build(false).unwrap()).await.unwrap();
    let mut rows = all(&bed).await.unwrap();

    let template = Template::read(&Template::default_path(), &BTreeMap::new()).unwrap();
    let functions: BTreeSet<&str> = template.functions.iter().map(|function| &*function.binary).collect();
    let typical = rows.iter().filter(|row| row.group == Group::Function);
    let typical: Vec<&str> = typical.map(|row| row.function).collect();
    assert_eq!(typical.iter().copied().collect::<BTreeSet<_>>(), functions);
    assert_eq!(typical.len(), functions.len(), "{typical:?}");
    let names: BTreeSet<_> = rows.iter().map(|row| (row.function, row.path)).collect();
    assert_eq!(names.len(), rows.len(), "two rows have one name");

    for row in &mut rows {
        let name = format!("{}, {}", row.function, row.path);
        let run = trial::run(&bed.runtime, row.spec.clone(), LOAD, Some(row.expected), &mut row.events);
        run.await.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        let cost =
            bed.capacity(LOAD.invocations()).await.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        println!("{name:60} {cost:?}");
        // System user has to look the key up before it can refuse anything.
        let refused = row.path.starts_with("refused") && row.function != "update-user";
        let free = refused || row.function == "describe-error";
        assert_eq!(cost.calls == 0.0, free, "{name}: {cost:?}");
    }
    bed.stop().await;
}
