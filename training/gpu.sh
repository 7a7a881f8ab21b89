#!/bin/sh
# One slice of a training run on a machine whose GPU is there for minutes. The same line again goes on:
#   training/gpu.sh m     minspnet-m, from nothing
#   training/gpu.sh s     minspnet-s, from the shipped weights, with what m says as well where runs/m/best.pt is
# What it needs lies under ../shared/datasets; the stores are packed in the first slice (a minute on 16 cores).
# MINUTES: of this slice, packing aside. STEPS: of the whole run; another number on the way stretches what is left.
# OUT: a folder that last.pt, best.pt, log and curve are copied to. IN: such a folder of an earlier slice, for a
# machine that has not seen the run. BATCH, RATE, WORKERS: see train.py; the defaults are for one large GPU.
set -eu
cd "$(dirname "$0")/.."
name=$1
run=training/runs/gpu-$name
cache=training/cache
data=../shared/datasets
mkdir -p "$run"
if [ -n "${IN:-}" ] && [ ! -e "$run/last.pt" ]; then cp "$IN"/* "$run"; fi

for manifest in train.json more.json.gz streets.json.gz val.json; do
  [ -e "$cache/${manifest%%.*}/index.json" ] || python3 training/pack.py --manifests "$data/edge8/$manifest" &
done
wait
for store in train more streets val; do [ -e "$cache/$store/index.json" ]; done
composed=
for store in objects arms from-above; do
  [ ! -e "$cache/$store/index.json" ] || composed="$composed $store"
done

set -- --variant "minspnet-$name" --folder "$run" --stores train more streets $composed
case $name in
  s)
    restored=training/runs/s-restored.pt
    [ -e $restored ] || python3 training/restore.py --model models/minspnet-s/minspnet-s.fp32.onnx --output $restored
    set -- "$@" --init $restored
    [ ! -e training/runs/gpu-m/best.pt ] || set -- "$@" --parent training/runs/gpu-m/best.pt
    ;;
  m) set -- "$@" --large ;;
esac
python3 training/train.py "$@" --steps "${STEPS:-7000}" --minutes "${MINUTES:-8}" \
  --batch "${BATCH:-256}" --peak-rate "${RATE:-8e-3}" --warmup 150 --ema 0.999 \
  --workers "${WORKERS:-$(($(nproc) - 2))}" --save-seconds 60 --evaluate-every 1000 --log-every 25
if [ -n "${OUT:-}" ]; then
  for file in last.pt best.pt settings.json log.jsonl curve.png; do
    [ ! -e "$run/$file" ] || cp "$run/$file" "$OUT"
  done
fi
