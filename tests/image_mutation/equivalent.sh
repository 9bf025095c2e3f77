# Weakens an image that is finished, and prints what the check of a control finds.
#
#   equivalent.sh CONTROL
set -euo pipefail
folder=$(cd "$(dirname "$0")" && pwd)
bash -e "$folder/weakness.sh" >&2
bash "$folder/verify.sh" --format json --only "$1" || [ $? = 1 ]
