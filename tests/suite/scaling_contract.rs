//! Every fleet that can grow can shrink, and nothing that changes its size watches a series that nobody publishes.

use serde_json::Value;
use test_support::hcl;
use test_support::pipeline::{rendered, try_plan_of};

/// A fleet for each way to combine what grows a group, sizes and schedules.
fn fleets() -> Vec<String> {
    let mut fleets = Vec::new();
    for tasks in ["", "tasks = [\"apply-to-job\"]"] {
        for queue in ["", "enabled = true", "enabled = false", "steps = []"] {
            for (cpu, slots) in [(true, true), (true, false), (false, true), (false, false)] {
                for sizes in ["", "min_size = 2\nmax_size = 2", "min_size = 0"] {
                    for schedule in ["", SCHEDULE, NIGHT] {
                        for control in [false, true] {
                            // It has no part in these two, so that each alone is enough.
                            if control && cpu != slots {
                                continue;
                            }
                            fleets.push(format!(
                                "{HEAD}[control]\nenabled = {control}\n[worker.hatchet]\n{tasks}\n[scaling]\n{sizes}\n\
                                 cpu = {{ enabled = {cpu} }}\nslots = {{ enabled = {slots} }}\n[scaling.queue]\n\
                                 {queue}\n{schedule}"
                            ));
                        }
                    }
                }
            }
        }
    }
    fleets
}

const HEAD: &str = "[fleet]\nname = \"valet\"\nregion = \"us-east-1\"\n[instances]\n\
                    on_demand_percentage_above_base_capacity = 100\n\
                    types = [{ instance_type = \"m7i.large\" }]\n";

const SCHEDULE: &str = "[[schedule]]\nname = \"day\"\nrecurrence = \"0 8 * * *\"\ntime_zone = \"Etc/UTC\"\n\
                        min_size = 3\nmax_size = 12\n[[schedule]]\nname = \"night\"\nrecurrence = \"0 20 * * *\"\n\
                        time_zone = \"Etc/UTC\"\nmin_size = 1\nmax_size = 12\n";

/// Nobody works at night, and the schedule that brings people back leaves the smallest size alone.
const NIGHT: &str = "[[schedule]]\nname = \"evening\"\nrecurrence = \"0 20 * * *\"\ntime_zone = \"Etc/UTC\"\n\
                     min_size = 0\nmax_size = 12\n[[schedule]]\nname = \"day\"\nrecurrence = \"0 8 * * *\"\n\
                     time_zone = \"Etc/UTC\"\nmin_size = 2\nmax_size = 12\n";

/// The blocks of the module's files: kind, type, name and body.
fn blocks(text: &str) -> Vec<Value> {
    rendered(text)
        .into_iter()
        .filter(|(path, _)| path.starts_with("production/") && path.ends_with(".tf"))
        .flat_map(|(_, text)| {
            let tree = hcl::tree(&text).expect("HCL");
            tree.as_array().cloned().expect("a list")
        })
        .collect()
}

fn has_text(value: &Value, wanted: &str) -> bool {
    value.to_string().contains(wanted)
}

#[test]
fn every_fleet_that_can_grow_can_shrink() {
    let (mut grown, mut valid, mut from_zero) = (0, 0, 0);
    for fleet in fleets() {
        // Some combinations are refused, such as a queue without tasks that is asked for.
        if try_plan_of(&fleet).is_err() {
            continue;
        }
        valid += 1;
        let blocks = blocks(&fleet);
        let of_type = |kind: &str| -> Vec<&Value> {
            let wanted = |block: &&Value| block["labels"][0] == kind;
            blocks.iter().filter(wanted).collect()
        };
        let policies = of_type("aws_autoscaling_policy");
        let is_idle = |block: &&&Value| block["labels"][1] == "idle";
        let one_size = fleet.contains("max_size = 2") && !fleet.contains("[[schedule]]");
        let can_grow = !one_size
            && (policies.iter().any(|policy| policy["labels"][1] != "idle")
                || !of_type("aws_autoscaling_schedule").is_empty());
        let alarms = of_type("aws_cloudwatch_metric_alarm");
        if can_grow {
            grown += 1;
            assert!(policies.iter().any(|policy| is_idle(&policy)), "{fleet}");
            assert!(alarms.iter().any(|alarm| is_idle(&alarm)), "{fleet}");
        }
        let publishes_queue = fleet.contains("tasks = [\"");
        let by_queue = publishes_queue && !fleet.contains("[scaling.queue]\nenabled = false");
        let can_be_empty = fleet.contains("min_size = 0");
        let has_control = fleet.contains("[control]\nenabled = true");
        let starts = policies
            .iter()
            .filter(|policy| policy["labels"][1] == "queue_at_zero");
        let expected = usize::from(by_queue && can_be_empty && has_control);
        from_zero += expected;
        assert_eq!(starts.count(), expected, "{fleet}");
        for alarm in alarms {
            let watches_queue = has_text(alarm, "QueueDepth") || has_text(alarm, "QueueOldestAge");
            assert!(publishes_queue || !watches_queue, "{fleet}\n{alarm}");
        }
    }
    assert!(
        valid > 180 && grown > 140 && from_zero > 20,
        "{valid} valid, {grown} can grow, {from_zero} start from zero"
    );
}

/// A waiting task starts the first worker: by the larger of what both publish, by a wanted size of none, and by adding,
/// because setting a size could shrink a group that another step has made larger.
#[test]
fn a_waiting_task_starts_the_first_worker() {
    let fleet = format!(
        "{HEAD}[control]\nenabled = true\n[worker.hatchet]\ntasks = [\"apply-to-job\"]\n[scaling]\nmin_size = 0\n"
    );
    let blocks = blocks(&fleet);
    let find = |kind: &str| {
        let mut found = blocks
            .iter()
            .filter(|block| block["labels"][0] == kind && block["labels"][1] == "queue_at_zero");
        found.next().expect("it is there").to_string()
    };
    let policy = find("aws_autoscaling_policy");
    assert!(
        policy.contains("ChangeInCapacity") && !policy.contains("ExactCapacity"),
        "{policy}"
    );
    let alarm = find("aws_cloudwatch_metric_alarm");
    for text in [
        "QueueDepth",
        "GroupDesiredCapacity",
        "IF(queue >= 1 AND desired < 1, 1, 0)",
        "notBreaching",
    ] {
        assert!(alarm.contains(text), "{text}: {alarm}");
    }
    assert_eq!(alarm.matches("\"Maximum\"").count(), 2, "{alarm}");
}
