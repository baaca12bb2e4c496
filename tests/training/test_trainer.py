from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import TrainerCallback, TrainingArguments

from framecue.errors import DatasetError, InputError, RecipeError, TrainingError
from framecue.model import VideoTextModel
from framecue.training import trainer as trainer_module
from framecue.training.recipe import Schedule
from framecue.training.trainer import RetrievalTrainer, training_arguments

MakeModel = Callable[..., VideoTextModel]
MakeTrainer = Callable[..., RetrievalTrainer]


def schedule(**changes: Any) -> Schedule:
    chosen = {"batch_size": 4, "num_epochs": 2, "learning_rate": 1e-3, "backbone_learning_rate": 1e-3, "seed": 5}
    chosen |= {"num_workers": 0}
    return Schedule(**{**chosen, "eval_steps": 100, "logging_steps": 1, **changes})


def weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def differing(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> list[str]:
    assert one.keys() == other.keys()
    return [name for name in one if not torch.equal(one[name], other[name])]


class Watch(TrainerCallback):
    """Notes what happens; `at(step)` may raise to stand for a kill."""

    def __init__(self, at: Callable[[int], None] | None = None) -> None:
        self.at = at
        self.rates: list[list[float]] = []
        self.logs: list[dict[str, float]] = []
        self.gradients: list[dict[str, torch.Tensor]] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.rates.append([group["lr"] for group in kwargs["optimizer"].param_groups])
        named = kwargs["model"].named_parameters()
        self.gradients.append({name: p.grad.clone() for name, p in named if p.grad is not None})

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.at is not None:
            self.at(state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        self.logs.append(dict(logs))


@pytest.fixture
def make_trainer(colours: Any) -> MakeTrainer:
    def make(model: VideoTextModel, folder: Path, source: Any = None, **options: Any) -> RetrievalTrainer:
        options = {
            "schedule": schedule(),
            "validate": None,
            "source": colours() if source is None else source,
            **options,
        }
        return RetrievalTrainer(model, options.pop("schedule"), output_dir=folder / "run", **options)

    return make


def test_it_learns(make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    watch = Watch()
    plan = schedule(num_epochs=24, batch_size=12, backbone_learning_rate=2e-3, weight_decay=0)
    make_trainer(make_model(), tmp_path, schedule=plan, callbacks=[watch]).train()
    losses = [entry["loss"] for entry in watch.logs if "loss" in entry]
    assert len(losses) == 24
    assert losses[-1] < losses[0] / 2


def test_two_rates_that_rise_and_fall(make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    plan = schedule(learning_rate=2e-3, backbone_learning_rate=5e-4, warmup_ratio=0.25, max_steps=8, weight_decay=0.3)
    model, watch = make_model("prompt-switch"), Watch()
    trainer = make_trainer(model, tmp_path, schedule=plan, callbacks=[watch])
    trainer.train()
    backbone, new = trainer.optimizer.param_groups
    added = {id(parameter) for _, parameter in model.method.new_parameters()}
    assert {id(parameter) for parameter in new["params"]} == added
    trained = {id(parameter) for parameter in model.parameters() if parameter.requires_grad}
    assert {id(parameter) for parameter in backbone["params"]} == trained - added
    assert id(model.method.aggregation.in_proj_weight) in trained - added  # released with the backbone's rate
    assert all(group["weight_decay"] == 0.3 for group in (backbone, new))
    # Two of eight steps rise from 0; then half a cosine to 0.
    shares = [0.0, 0.5, *(0.5 * (1 + torch.cos(torch.tensor(torch.pi * k / 6)).item()) for k in range(6))]
    expected = torch.tensor([[5e-4 * share, 2e-3 * share] for share in shares])
    torch.testing.assert_close(torch.tensor(watch.rates), expected)


def test_without_new_parameters_there_is_the_backbones_rate_alone(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    trainer = make_trainer(make_model(), tmp_path, schedule=schedule(backbone_learning_rate=3e-4))
    (group,) = trainer.create_optimizer().param_groups
    assert group["lr"] == 3e-4
    assert group["betas"] == (0.9, 0.999)


def test_what_a_method_freezes_stays(make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    model = make_model()
    model.method.freeze = lambda backbone: (
        backbone.requires_grad_(False),
        backbone.model.text_projection.requires_grad_(True),
    )
    before = weights(model)
    make_trainer(model, tmp_path, schedule=schedule(max_steps=3)).train()
    assert differing(before, weights(model)) == ["backbone.model.text_projection.weight"]


def test_the_logit_scale_is_clamped(make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    model = make_model()
    with torch.no_grad():
        model.backbone.logit_scale.fill_(4.7)  # above ln 100 = 4.605...
    make_trainer(model, tmp_path, schedule=schedule(max_steps=2, backbone_learning_rate=1e-9)).train()
    assert model.backbone.logit_scale.item() == pytest.approx(4.605170, abs=1e-6)


def test_a_loss_that_is_not_finite_stops_the_run(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    model = make_model()

    def poison(step: int) -> None:
        if step == 2:
            with torch.no_grad():
                model.backbone.model.text_projection.weight[0, 0] = torch.nan

    trainer = make_trainer(model, tmp_path, callbacks=[Watch(poison)])
    with pytest.raises(
        TrainingError, match=r"^the loss became nan at step 3; lower learning_rate.*another output_dir$"
    ):
        trainer.train()


@pytest.mark.parametrize("validate", [lambda model: {"R@1": 1.0}, None], ids=["validated", "not validated"])
def test_weights_that_are_not_finite_are_never_saved(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path, validate: Any
) -> None:
    model = make_model()

    def poison(step: int) -> None:
        with torch.no_grad():
            model.backbone.model.visual_projection.weight[0, 0] = torch.inf

    trainer = make_trainer(
        model, tmp_path, schedule=schedule(eval_steps=1), validate=validate, callbacks=[Watch(poison)]
    )
    with pytest.raises(TrainingError, match=r"visual_projection.weight has values that are not finite at step 1"):
        trainer.train()
    assert not list(tmp_path.rglob("checkpoint-*"))


def test_gradients_accumulate_to_the_mean_of_the_batches(
    make_model: MakeModel, make_trainer: MakeTrainer, colours: Any, tmp_path: Path
) -> None:
    model, gradients = make_model(), {}
    for steps, batches in ((1, [[0, 1, 2, 3]]), (1, [[4, 5, 6, 7]]), (2, [[0, 1, 2, 3], [4, 5, 6, 7]])):
        watch, source = Watch(), colours(8)
        plan = schedule(max_steps=1, gradient_accumulation_steps=steps, max_grad_norm=1e9)
        trainer = make_trainer(copy.deepcopy(model), tmp_path, source, schedule=plan, shuffle=False, callbacks=[watch])
        trainer.get_train_dataloader = _with_batches(trainer, batches)  # type: ignore[method-assign]
        trainer.train()
        gradients[str(batches)] = watch.gradients[0]
    first, second, both = gradients.values()
    assert differing(first, second)
    for name, gradient in both.items():
        torch.testing.assert_close(gradient, (first[name] + second[name]) / 2, rtol=1e-3, atol=1e-6)


def _with_batches(trainer: RetrievalTrainer, batches: list[list[int]]) -> Callable[[], Any]:
    def loader() -> Any:
        data = torch.utils.data.DataLoader(trainer.source, batch_sampler=batches, collate_fn=trainer.data_collator)
        return trainer.accelerator.prepare(data)

    return loader


def test_the_gradients_norm_is_cut(make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    watch = Watch()
    make_trainer(make_model(), tmp_path, schedule=schedule(max_steps=1, max_grad_norm=0.01), callbacks=[watch]).train()
    norm = torch.cat([gradient.flatten() for gradient in watch.gradients[0].values()]).norm().item()
    assert norm == pytest.approx(0.01, rel=1e-3)


def test_nothing_is_printed_or_warned(
    make_model: MakeModel,
    make_trainer: MakeTrainer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        make_trainer(make_model(), tmp_path, validate=lambda model: {"R@1": 1.0}).train()
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_each_epoch_has_an_order_of_its_own_and_the_source_hears_of_it(
    make_model: MakeModel, make_trainer: MakeTrainer, colours: Any, tmp_path: Path
) -> None:
    source = colours(12)
    make_trainer(make_model(), tmp_path, source, schedule=schedule(num_epochs=3)).train()
    assert len(source.asked) == 9
    epochs = [source.asked[start : start + 3] for start in (0, 3, 6)]
    assert all(sorted(chain.from_iterable(epoch)) == list(range(12)) for epoch in epochs)
    assert len({str(epoch) for epoch in epochs}) == 3
    assert sorted(set(source.epochs)) == [0, 1, 2]


def test_no_video_stands_twice_in_a_batch(
    make_model: MakeModel, make_trainer: MakeTrainer, colours: Any, tmp_path: Path
) -> None:
    source = colours(12, per_video=3)  # four videos of three captions
    make_trainer(make_model(), tmp_path, source, schedule=schedule(num_epochs=2)).train()
    assert len(source.asked) == 6
    assert all(len({index // 3 for index in batch}) == 4 for batch in source.asked)


@pytest.mark.parametrize("num_examples", [0, 1, 3])
def test_one_video_is_refused(
    make_model: MakeModel, make_trainer: MakeTrainer, colours: Any, tmp_path: Path, num_examples: int
) -> None:
    with pytest.raises(DatasetError, match="fewer than two videos"):
        make_trainer(make_model(), tmp_path, colours(num_examples, per_video=3))


def test_the_validation_chooses_the_weights(make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    model, seen = make_model(), []

    def validate(current: VideoTextModel) -> dict[str, float]:
        assert current is model
        assert not current.training
        seen.append(weights(current))
        return {"R@1": [10.0, 40.0, 30.0, 40.0][len(seen) - 1], "mean rank": 2.0}

    trainer = make_trainer(model, tmp_path, schedule=schedule(max_steps=7, eval_steps=2), validate=validate)
    trainer.train()
    assert len(seen) == 4  # after steps 2, 4, 6, and after the last
    assert trainer.state.best_global_step == 4  # the first of two that are as good
    assert not differing(seen[1], weights(model))
    assert differing(seen[1], seen[3])
    kept = sorted(folder.name for folder in (tmp_path / "run" / "checkpoints").iterdir())
    assert kept == ["checkpoint-4", "checkpoint-7"]  # the best one and the last
    saved = load_file(tmp_path / "run" / "checkpoints" / "checkpoint-4" / "model.safetensors")
    assert not differing(saved, weights(model))


def test_a_run_shorter_than_eval_steps_is_still_scored_and_saved(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    calls: list[int] = []

    def validate(current: VideoTextModel) -> dict[str, float]:
        calls.append(1)
        return {"R@1": 5.0}

    plan = schedule(max_steps=3, eval_steps=500)
    trainer = make_trainer(make_model(), tmp_path, schedule=plan, validate=validate)
    trainer.train()
    assert len(calls) == 1
    assert [entry["eval_R@1"] for entry in trainer.state.log_history if "eval_R@1" in entry] == [5.0]
    assert (tmp_path / "run" / "checkpoints" / "checkpoint-3" / "model.safetensors").is_file()


def test_without_validation_the_last_weights_stay(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    model = make_model()
    make_trainer(model, tmp_path, schedule=schedule(max_steps=3)).train()
    saved = load_file(tmp_path / "run" / "checkpoints" / "checkpoint-3" / "model.safetensors")
    assert not differing(saved, weights(model))


def test_the_log_for_tensorboard_is_below_the_output_folder(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    plan = schedule(max_steps=3, eval_steps=2)
    make_trainer(make_model(), tmp_path, schedule=plan, validate=lambda model: {"R@1": 5.0}).train()
    (events,) = tmp_path.rglob("events.out.tfevents.*")
    assert events.parent == tmp_path / "run" / "logs"
    log = EventAccumulator(str(events.parent)).Reload()
    assert {"train/loss", "train/learning_rate backbone", "train/grad_norm", "eval/R@1"} <= set(log.Tags()["scalars"])
    assert [event.step for event in log.Scalars("train/loss")] == [1, 2, 3]
    assert [event.step for event in log.Scalars("eval/R@1")] == [2, 3]


@pytest.mark.parametrize("method", ["mean-pool", "prompt-switch"])
def test_bfloat16_where_it_is_safe(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path, method: str
) -> None:
    runs = {}
    for bf16 in (False, True):
        model, watch = make_model(method), Watch()
        kinds: set[torch.dtype] = set()
        layer = model.backbone.model.vision_model.encoder.layers[0].mlp.fc1
        layer.register_forward_hook(lambda *args, kinds=kinds: kinds.add(args[2].dtype))
        plan = schedule(max_steps=3, bf16=bf16)
        make_trainer(model, tmp_path / str(bf16), schedule=plan, callbacks=[watch]).train()
        assert kinds == {torch.bfloat16 if bf16 else torch.float32}
        assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
        runs[bf16] = [entry["loss"] for entry in watch.logs if "loss" in entry]
    assert runs[True] == pytest.approx(runs[False], rel=0.05)
    assert runs[True] != runs[False]


def test_identical_captions_are_no_negatives_of_each_other(
    make_model: MakeModel, make_trainer: MakeTrainer, colours: Any, tmp_path: Path
) -> None:
    """Twelve videos of one caption: nothing tells them apart, the loss is that of an even guess and stays there."""

    watch = Watch()
    plan = schedule(max_steps=2, batch_size=12)
    model = make_model()
    with torch.no_grad():
        model.backbone.logit_scale.fill_(0.0)
    make_trainer(model, tmp_path, colours(caption="the cat moves"), schedule=plan, callbacks=[watch]).train()
    losses = [entry["loss"] for entry in watch.logs if "loss" in entry]
    assert losses == pytest.approx([2.4849] * 2, abs=0.1)  # ln 12
    alone = Watch()
    make_trainer(make_model(), tmp_path / "other", schedule=plan, callbacks=[alone]).train()
    assert alone.logs[0]["loss"] != pytest.approx(2.4849, abs=1e-3)


def test_arguments_of_transformers(tmp_path: Path) -> None:
    arguments = training_arguments(schedule(warmup_ratio=0.1, max_steps=50), tmp_path, validates=True)
    assert arguments.get_warmup_steps(50) == 5
    assert arguments.save_steps == arguments.eval_steps == 100
    assert arguments.metric_for_best_model == "eval_R@1"
    assert training_arguments(schedule(warmup_ratio=0), tmp_path, validates=False).get_warmup_steps(50) == 0


def test_the_device_and_the_precision_are_two_decisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_cpu = {bf16: training_arguments(schedule(bf16=bf16), tmp_path, validates=False) for bf16 in (False, True)}
    assert all(arguments.use_cpu and arguments.bf16 is bf16 for bf16, arguments in on_cpu.items())
    monkeypatch.setattr(trainer_module, "computes_on_cpu", lambda: False)
    monkeypatch.setattr(trainer_module, "is_torch_bf16_gpu_available", lambda: False)
    with pytest.raises(RecipeError, match=r"^schedule\.bf16: this GPU cannot compute in bfloat16; leave bf16 out$"):
        training_arguments(schedule(bf16=True), tmp_path, validates=False)


def test_a_process_takes_one_gpu_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Trainer` would else split batches by `DataParallel`, and with them what is contrasted."""
    monkeypatch.setattr(TrainingArguments, "n_gpu", 8)
    arguments = training_arguments(schedule(), tmp_path, validates=False)
    assert arguments._n_gpu == 1


def test_each_process_has_a_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "num_processes", lambda: 3)
    assert training_arguments(schedule(batch_size=4), tmp_path, validates=False).per_device_train_batch_size == 2
    with pytest.raises(RecipeError, match=r"^schedule\.batch_size \(2\) is of all 3 processes together; give at least"):
        training_arguments(schedule(batch_size=2), tmp_path, validates=False)


@pytest.mark.parametrize("changes", [{"micro_batch_size": 3}, {"gradient_checkpointing": True}])
def test_less_memory_gives_the_same_weights(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path, changes: dict[str, Any]
) -> None:
    ends = []
    for number, more in enumerate(({}, changes)):
        model = make_model("prompt-switch").double()
        make_trainer(model, tmp_path / str(number), schedule=schedule(max_steps=2, **more)).train()
        ends.append(weights(model))
    for name, tensor in ends[0].items():
        torch.testing.assert_close(ends[1][name], tensor, rtol=1e-6, atol=1e-7)


def test_every_epoch_is_told_to_the_sampler_also_after_a_resume(
    make_model: MakeModel, make_trainer: MakeTrainer, colours: Any, tmp_path: Path
) -> None:
    """Three batches an epoch, two a step: steps 0 and 1 are of the first epoch, 2 and 3 of the second."""
    whole, resumed = colours(12), colours(12)
    plan = {"num_epochs": 3, "gradient_accumulation_steps": 2, "eval_steps": 3}
    make_trainer(make_model(), tmp_path / "whole", whole, schedule=schedule(**plan)).train()
    stopped = schedule(**plan, stop_step=3)
    make_trainer(make_model(), tmp_path / "two", resumed, schedule=stopped).train()
    del resumed.asked[5:]  # what was fetched beyond the last step
    again = make_trainer(make_model(), tmp_path / "two", resumed, schedule=schedule(**plan))
    again.train(resume_from_checkpoint=str(tmp_path / "two" / "run" / "checkpoints" / "checkpoint-3"))
    assert resumed.asked == whole.asked
    assert len(whole.asked) == 9


def test_each_groups_rate_is_logged_by_its_name(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    watch = Watch()
    plan = schedule(max_steps=4, learning_rate=2e-3, backbone_learning_rate=5e-4, warmup_ratio=0, adam_epsilon=1e-6)
    trainer = make_trainer(make_model("prompt-switch"), tmp_path, schedule=plan, callbacks=[watch])
    trainer.train()
    assert all(group["eps"] == 1e-6 for group in trainer.optimizer.param_groups)
    entries = [entry for entry in watch.logs if "loss" in entry]
    assert not any("learning_rate" in entry for entry in entries)
    for entry in entries:
        assert entry["learning_rate new"] == pytest.approx(4 * entry["learning_rate backbone"])


@pytest.mark.parametrize("report_to", [[], ["tensorboard"]])
def test_logs_go_where_the_schedule_says(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path, report_to: list[str]
) -> None:
    make_trainer(make_model(), tmp_path, schedule=schedule(max_steps=1, report_to=report_to)).train()
    assert bool(list(tmp_path.rglob("events.out.tfevents.*"))) is bool(report_to)


class Scores:
    """Scores that are given in turn; notes the weights that it was asked to score."""

    def __init__(self, *scores: tuple[float, float]) -> None:
        self.scores = list(scores)
        self.seen: list[dict[str, torch.Tensor]] = []

    def __call__(self, model: VideoTextModel) -> dict[str, float]:
        self.seen.append(weights(model))
        recall, rank = self.scores[len(self.seen) - 1]
        return {"R@1": recall, "mean rank": rank}


@pytest.mark.parametrize(
    ("rule", "scores", "chosen"),
    [
        ("best", [(5, 3), (8, 3), (8, 2), (7, 1)], 2),  # a tie goes to the lower mean rank
        ("best", [(5, 3), (8, 3), (8, 3), (7, 1)], 1),
        ("mean-of-last-5", [(5, 3), (90, 3), (5, 2), (80, 1)], 1),  # means 5, 47.5, 33.3, 45
        ("mean-of-last-5", [(5, 3), (30, 3), (29, 2), (28, 1)], 3),  # 5, 17.5, 21.3, 23
        ("last", [(9, 1), (8, 3), (8, 3), (7, 1)], 3),
    ],
)
def test_whose_weights_are_kept(
    make_model: MakeModel,
    make_trainer: MakeTrainer,
    tmp_path: Path,
    rule: str,
    scores: list[tuple[float, float]],
    chosen: int,
) -> None:
    model, validate = make_model(), Scores(*scores)
    make_trainer(
        model, tmp_path, schedule=schedule(max_steps=4, eval_steps=1, validation=rule), validate=validate
    ).train()
    assert not differing(weights(model), validate.seen[chosen])
    assert all(differing(weights(model), seen) for place, seen in enumerate(validate.seen) if place != chosen)


def test_a_run_stops_when_nothing_gets_better(make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    scores = [(5, 3), (8, 3), (7, 3), (8, 3), (9, 1), (9, 1)]
    plan = schedule(max_steps=6, eval_steps=1, early_stopping_patience=2)
    model, validate = make_model(), Scores(*scores)
    trainer = make_trainer(model, tmp_path, schedule=plan, validate=validate)
    trainer.train()
    assert trainer.state.global_step == len(validate.seen) == 4
    assert not differing(weights(model), validate.seen[1])
    # It has ended: resumed, it is not trained further.
    again = make_model()
    resumed = make_trainer(again, tmp_path, schedule=plan, validate=Scores())
    assert resumed.restore_finished(str(tmp_path / "run" / "checkpoints" / "checkpoint-4"))
    assert not differing(weights(again), validate.seen[1])


def test_averages_are_validated_and_kept(make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    """Against averages that are computed beside the run, in float64."""
    decay, model, validate = 0.75, make_model(), Scores((5, 1), (9, 1), (6, 1))
    ours = [{name: p.detach().double() for name, p in model.named_parameters()}]
    raw: list[dict[str, torch.Tensor]] = []

    def follow(step: int) -> None:
        raw.append(weights(model))
        ours.append({name: decay * old + (1 - decay) * raw[-1][name].double() for name, old in ours[-1].items()})

    plan = schedule(max_steps=3, eval_steps=1, ema_decay=decay)
    make_trainer(model, tmp_path, schedule=plan, validate=validate, callbacks=[Watch(follow)]).train()
    for seen, expected in zip(validate.seen, ours[1:], strict=True):
        for name, average in expected.items():
            torch.testing.assert_close(seen[name].double(), average, rtol=1e-5, atol=1e-7)
    assert not differing(weights(model), validate.seen[1])  # the averages of the checkpoint that was chosen
    assert differing(raw[1], validate.seen[1])
    # Training itself goes on with its own weights: a run without averages makes the same ones.
    other = Watch(lambda step: plain.append(weights(alone)))
    plain: list[dict[str, torch.Tensor]] = []
    alone = make_model()
    make_trainer(alone, tmp_path / "other", schedule=schedule(max_steps=3), callbacks=[other]).train()
    assert all(not differing(one, another) for one, another in zip(raw, plain, strict=True))


@pytest.mark.parametrize("validates", [True, False])
def test_averages_are_resumed_exactly(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path, validates: bool
) -> None:
    plan = schedule(max_steps=6, eval_steps=2, ema_decay=0.5)
    ends = []
    for name, kill_at in (("whole", None), ("killed", 5)):
        model = make_model("prompt-switch")
        options = {"schedule": plan, "validate": (lambda model: {"R@1": model.backbone.logit_scale.item()})}
        options = options if validates else {"schedule": plan}

        def kill(step: int, kill_at: int | None = kill_at) -> None:
            if step == kill_at:
                raise KeyboardInterrupt

        if kill_at is None:
            make_trainer(model, tmp_path / name, **options).train()
        else:
            with pytest.raises(KeyboardInterrupt):
                make_trainer(model, tmp_path / name, **options, callbacks=[Watch(kill)]).train()
            last = str(tmp_path / name / "run" / "checkpoints" / "checkpoint-4")
            model = make_model("prompt-switch")
            make_trainer(model, tmp_path / name, **options).train(resume_from_checkpoint=last)
        ends.append(weights(model))
        # A run that ended is put together again from its last checkpoint.
        restored = make_model("prompt-switch")
        last = str(tmp_path / name / "run" / "checkpoints" / "checkpoint-6")
        assert make_trainer(restored, tmp_path / name, **options).restore_finished(last)
        assert not differing(weights(restored), ends[-1])
    assert not differing(*ends)


def test_examples_are_counted(make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer(make_model(), tmp_path, schedule=schedule(num_epochs=2, batch_size=5))
    trainer.train()
    usage = trainer.meter.usage
    assert trainer.meter._counted == 24  # twelve an epoch, in batches of 5, 5 and 2
    assert usage.samples_per_second is not None
    assert usage.samples_per_second > 0


def test_weights_that_cannot_be_scored_are_told_as_what_they_are(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    def validate(model: VideoTextModel) -> dict[str, float]:
        raise InputError("video_embeddings[0, 0] is nan")

    trainer = make_trainer(make_model(), tmp_path, schedule=schedule(max_steps=1, eval_steps=1), validate=validate)
    with pytest.raises(TrainingError, match=r"^the model of step 1 cannot be validated \(video_.* lower learning_rate"):
        trainer.train()


def test_files_that_cannot_be_validated_are_no_fault_of_the_weights(
    make_model: MakeModel, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    def validate(model: VideoTextModel) -> dict[str, float]:
        raise DatasetError("there is no validation example that can be read")

    trainer = make_trainer(make_model(), tmp_path, schedule=schedule(max_steps=1, eval_steps=1), validate=validate)
    with pytest.raises(DatasetError, match="no validation example"):
        trainer.train()
