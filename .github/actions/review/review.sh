#!/usr/bin/env bash
# Compares the change, reviews the plan where there is one, and keeps one comment. Reads FLEET, PLAN, MODULE,
# ENVIRONMENT, WAIVERS, TARGET and FAIL_ON, of which all but the first may be empty. Both gates are asked before the step ends.
set -uo pipefail

comparison=$(mktemp "${RUNNER_TEMP:-/tmp}/valet-gen-diff.XXXXXX")
gate=()
[ -z "$FAIL_ON" ] || gate=(--fail-on "$FAIL_ON")
target=()
[ -z "$TARGET" ] || target=(--target "$TARGET")

# One comment: with a plan it is the review's, which shows the comparison as well.
comment=(--comment github "${target[@]}")
[ -z "$PLAN" ] || comment=()
valet-gen diff --fleet "$FLEET" --format json --out "$comparison" "${gate[@]}" "${comment[@]}"
change=$?
case $change in
0 | 40) ;;
*) exit "$change" ;;
esac
{
    echo "class=$(jq --raw-output .class "$comparison")"
    echo "widens-access=$(jq --raw-output .widens_access "$comparison")"
} >>"$GITHUB_OUTPUT"
valet-gen diff --fleet "$FLEET" --format github

plan=0
if [ -n "$PLAN" ]; then
    options=(--fleet "$FLEET")
    [ -z "$ENVIRONMENT" ] || options+=(--environment "$ENVIRONMENT")
    [ -z "$MODULE" ] || options+=(--module "$MODULE")
    [ -z "$WAIVERS" ] || options+=(--waivers "$WAIVERS")
    valet-gen plan-review "$PLAN" "${options[@]}" --diff "$comparison" --format github --comment github "${target[@]}"
    plan=$?
fi
[ "$plan" = 0 ] || exit "$plan"
exit "$change"
