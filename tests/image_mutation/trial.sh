# Plants a weakness, provisions, and prints what the check of a control finds, or all of them.
#
#   trial.sh [CONTROL]
set -euo pipefail
# Programs that no package source has are no part of these trials.
export VALET_IMAGE_WITHOUT_PAYLOAD=1
folder=$(cd "$(dirname "$0")" && pwd)
bash -e "$folder/weakness.sh" >&2
bash "$folder/provision.sh" >&2
only=()
if [ -n "${1-}" ]; then
  only=(--only "$1")
fi
bash "$folder/verify.sh" --format json "${only[@]}" || [ $? = 1 ]
