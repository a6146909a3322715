#!/bin/bash

# Parameters
#SBATCH --account=mine
#SBATCH --array=0-2%3
#SBATCH --cpus-per-task=4
#SBATCH --dependency=afterany:7
#SBATCH --error=RESULTS/demo/slurm/NAME/logs/%A_%a_0_log.err
#SBATCH --gpus-per-node=1
#SBATCH --job-name=severe-demo
#SBATCH --mem=10240M
#SBATCH --nodes=1
#SBATCH --open-mode=append
#SBATCH --output=RESULTS/demo/slurm/NAME/logs/%A_%a_0_log.out
#SBATCH --requeue
#SBATCH --signal=USR2@120
#SBATCH --time=10
#SBATCH --wckey=submitit

# setup
export SLURM_EXPORT_ENV=ALL

# command
export SUBMITIT_EXECUTOR=slurm
srun --unbuffered --output RESULTS/demo/slurm/NAME/logs/%A_%a_%t_log.out --error RESULTS/demo/slurm/NAME/logs/%A_%a_%t_log.err python -u -m submitit.core._submit RESULTS/demo/slurm/NAME/logs


# teardown
ended=$?
task=${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}
case $ended in
  99|140) back=yes ;;
  98|143) back=$(SLURM_TIME_FORMAT=standard scontrol show job "$task" | grep ' PreemptTime=[0-9]') ;;
  *) back= ;;
esac
if [ -n "$back" ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 20 ]; then scontrol requeue "$task"; fi
exit "$ended"