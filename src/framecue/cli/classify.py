"""``framecue classify``: which of some labels videos have, or which answer to a question is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from framecue.cli.options import plain_model, plain_model_options, threads_option
from framecue.cli.output import FilePath, log, print_json, print_table, progress_bar, quiet_libraries
from framecue.counts import counted
from framecue.errors import InputError

if TYPE_CHECKING:
    from framecue.encoder import Encoder
    from framecue.library.results import Skipped
    from framecue.uses.accuracy import Share
    from framecue.uses.answer import Answers
    from framecue.uses.classification import Classification
    from framecue.uses.places import FoundPlaces
    from framecue.uses.questions import Question
    from framecue.uses.truth import TrueLabel

# Below the figures: what stands in brackets.
INTERVAL = "95% intervals by Wilson's score"


@click.command()
@click.argument("videos", metavar="[VIDEO]...", nargs=-1)
@click.option("--labels", "labels_file", metavar="FILE", help="The labels: one a line, a JSON list, or CSV.")
@click.option("--label", "given_labels", metavar="TEXT", multiple=True, help="A label; give it two times or more.")
@click.option("--template", "given_templates", metavar="TEXT", multiple=True, help="A text with {} for the label.")
@click.option("--templates", "templates_file", metavar="FILE", help="The templates, one a line.  [default: CLIP's 28]")
@click.option("--truth", "truth_file", metavar="FILE", help="CSV with video and label: how often it is right.")
@click.option("--question", metavar="TEXT", help="Ask this about each video, with the answers to choose from.")
@click.option("--answer", "given_answers", metavar="TEXT", multiple=True, help="An answer; give it two times or more.")
@click.option("--questions", "questions_file", metavar="FILE", help="JSON Lines with video, question and answers.")
@click.option(
    "-k", "--top-k", type=click.IntRange(min=1), default=5, show_default=True, help="How many labels to show."
)
@plain_model_options
@threads_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def classify(
    videos: tuple[str, ...],
    labels_file: str | None,
    given_labels: tuple[str, ...],
    given_templates: tuple[str, ...],
    templates_file: str | None,
    truth_file: str | None,
    question: str | None,
    given_answers: tuple[str, ...],
    questions_file: str | None,
    top_k: int,
    model: str | None,
    adapter: str | None,
    dtype: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Say which of some labels videos have, without any training on them.

    A video is compared with texts, such as "a video of a person {}." with each label in turn. It may be a folder, or a
    moment of a file. With --truth, a CSV file with the columns video and label, there is the accuracy as well, and
    without VIDEO the videos are those of the file.

    With answers instead of labels it chooses the answer that the video is nearest to: about each VIDEO the same, or
    those of a file, a line a question.

    \b
    framecue classify clips/ --labels actions.txt
    framecue classify "a.mp4@1:00-1:10" --label dancing --label running --template "a video of {}"
    framecue classify --truth val.csv --labels kinetics.txt --json
    framecue classify a.mp4 --question "what does the dog do?" --answer "it runs" --answer "it sleeps"
    framecue classify --questions questions.jsonl
    """  # noqa: D301 (click reads the backspace character)
    wants_answers = _check_usage(click.get_current_context().params)
    quiet_libraries()
    from framecue.uses.labels import KINETICS_TEMPLATES, PLACEHOLDER, check_templates, read_templates

    usual = (PLACEHOLDER,) if wants_answers else KINETICS_TEMPLATES
    if templates_file is not None:
        templates = read_templates(templates_file)
    else:
        templates = check_templates(given_templates or usual)
    # All that people wrote is read before a model is loaded, so that a mistake is told at once.
    if wants_answers:
        questions, skipped = _questions(videos, question, given_answers, questions_file)
        loaded = plain_model(model, adapter=adapter, dtype=dtype, yes=yes)
        _answer(loaded, questions, skipped, templates, as_json=as_json)
        return
    from framecue.uses.labels import check_labels, labels_of, read_labels
    from framecue.uses.text_files import Text
    from framecue.uses.truth import read_truth

    truth = read_truth(truth_file) if truth_file is not None else ()
    if labels_file is not None:
        labels = read_labels(labels_file)
    elif given_labels:
        labels = check_labels(given_labels)
    else:
        labels = labels_of(Text(one.label, one.where) for one in truth)
    found = _found(videos, truth)
    loaded = plain_model(model, adapter=adapter, dtype=dtype, yes=yes)
    _classify(loaded, found, labels, templates, truth, top_k, as_json=as_json)


def _check_usage(given: Mapping[str, Any]) -> bool:
    """Refuse options that do not go together, and return whether answers are wanted.

    Args:
        given: what the command was given, by parameter.
    """
    of_labels = [name for name in ("labels_file", "given_labels", "truth_file") if _is_given(given[name])]
    of_answers = [name for name in ("questions_file", "question", "given_answers") if _is_given(given[name])]
    if given["given_templates"] and given["templates_file"] is not None:
        raise click.UsageError("--template is given beside --templates; leave out one of them")
    if of_labels and of_answers:
        raise click.UsageError("labels are given beside questions; classify with the ones first, then with the others")
    if not of_labels and not of_answers:
        raise click.UsageError("nothing to choose from; give --labels FILE, or --questions FILE")
    if given["labels_file"] is not None and given["given_labels"]:
        raise click.UsageError("--label is given beside --labels; leave out one of them")
    if given["questions_file"] is not None and (len(of_answers) > 1 or given["videos"]):
        raise click.UsageError("--questions names the videos, questions and answers itself; leave the others out")
    if of_answers == ["question"]:
        raise click.UsageError("--question is given without --answer; give two answers or more to choose from")
    if not given["videos"] and given["questions_file"] is None and given["truth_file"] is None:
        raise click.MissingParameter(ctx=click.get_current_context(), param_hint="'VIDEO...'", param_type="argument")
    return bool(of_answers)


def _is_given(value: str | tuple[str, ...] | None) -> bool:
    return value is not None and value != ()


def _found(videos: Sequence[str], truth: Sequence[TrueLabel]) -> FoundPlaces:
    """Return the videos that are named, or those whose labels are known."""
    from framecue.uses.places import FoundPlaces, VideoPlace, find_places

    if not videos:
        return FoundPlaces(tuple(one.place for one in truth), ())
    found = find_places(videos, moments=True)
    # What cannot be found, and should have a label, is not left out: it counts as wrong.
    known = {one.place for one in truth}
    lost = [item for item in found.skipped if VideoPlace(item.path) in known]
    found = FoundPlaces(
        (*found.places, *(VideoPlace(item.path) for item in lost)),
        tuple(item for item in found.skipped if item not in lost),
    )
    if not found.places:
        raise _nothing(found.skipped)
    if truth and not known & set(found.places):
        log("none of the videos is in the file of --truth, so there is no accuracy")
    return found


def _questions(
    videos: Sequence[str], question: str | None, answers: tuple[str, ...], file: str | None
) -> tuple[Sequence[Question], tuple[Skipped, ...]]:
    from framecue.uses.questions import Question, read_questions

    if file is not None:
        return read_questions(file), ()
    found = _found(videos, ())
    return [Question(place, question or "", answers) for place in found.places], found.skipped


def _classify(
    model: Encoder,
    found: FoundPlaces,
    labels: Sequence[str],
    templates: Sequence[str],
    truth: Sequence[TrueLabel],
    top_k: int,
    *,
    as_json: bool,
) -> None:
    from dataclasses import replace

    from framecue.uses.classification import classify as classify_videos

    with progress_bar("Encoding labels") as label_progress, progress_bar("Classifying") as progress:
        result = classify_videos(
            model,
            found.places,
            labels,
            templates=templates,
            top_k=top_k,
            truth=truth,
            progress=progress,
            label_progress=label_progress,
        )
    result = replace(result, skipped=(*found.skipped, *result.skipped))
    _log_skipped(result.skipped, is_any=bool(result.videos))
    if as_json:
        print_json(result.to_dict())
        return
    _print_labels(result)


def _answer(
    model: Encoder,
    questions: Sequence[Question],
    skipped: tuple[Skipped, ...],
    templates: Sequence[str],
    *,
    as_json: bool,
) -> None:
    from dataclasses import replace

    from framecue.uses.answer import answer_questions

    with progress_bar("Answering") as progress:
        result = answer_questions(model, questions, templates=templates, progress=progress)
    result = replace(result, skipped=(*skipped, *result.skipped))
    _log_skipped(result.skipped, is_any=bool(result.questions))
    if as_json:
        print_json(result.to_dict())
        return
    _print_answers(result)


def _print_labels(result: Classification) -> None:
    rows = []
    for video in result.videos:
        for number, one in enumerate(video.predictions):
            name = FilePath(video.place.path) if video.place.name == video.place.path else video.place.name
            rows.append([one.label, f"{one.probability:.3f}", f"{one.score:.3f}", name if number == 0 else ""])
    print_table(["label", "probability", "score", "path"], rows, right=["probability", "score"])
    if result.accuracy is not None:
        accuracy = result.accuracy
        click.echo(f"top-1 {_text(accuracy.top_1)}, top-5 {_text(accuracy.top_5)}, mean of {_classes(result)} "
                   f"{accuracy.class_mean:.1f}")  # fmt: skip
        wrong = f", {accuracy.num_unreadable} of them unreadable and so wrong" if accuracy.num_unreadable else ""
        log(f"{counted(accuracy.num_videos, 'video')} with a known label{wrong}; {INTERVAL}")


def _print_answers(result: Answers) -> None:
    heads = ["answer", "probability", "score", "question", "path"]
    known = result.accuracy is not None
    rows = []
    for one in result.questions:
        best, place = one.answers[0], one.question.place
        name = FilePath(place.path) if place.name == place.path else place.name
        row = [best.label, f"{best.probability:.3f}", f"{best.score:.3f}", one.question.question, name]
        rows.append([*row, {True: "yes", False: "no", None: ""}[one.is_right]] if known else row)
    print_table([*heads, "right"] if known else heads, rows, right=["probability", "score"])
    if result.accuracy is not None:
        click.echo(f"accuracy {_text(result.accuracy)}, chance {result.chance:.1f}")
        wrong = result.num_unreadable
        lost = f", {wrong} of them about unreadable videos and so wrong" if wrong else ""
        log(f"{counted(result.num_known, 'question')} with a known answer{lost}; {INTERVAL}")


def _text(share: Share) -> str:
    return f"{share.percent:.1f} [{share.low:.1f}, {share.high:.1f}]"


def _classes(result: Classification) -> str:
    assert result.accuracy is not None
    return counted(len(result.accuracy.classes), "class", "classes")


def _log_skipped(skipped: Sequence[Skipped], *, is_any: bool) -> None:
    """Tell what was left out; an error if that is all."""
    if not is_any and len(skipped) == 1:
        raise _nothing(skipped)
    for item in skipped:
        log(f"skipped {item.path}: {item.reason}")
    if not is_any:
        raise _nothing(skipped)


def _nothing(skipped: Sequence[Skipped]) -> InputError:
    if len(skipped) == 1:
        return InputError(f"{skipped[0].path}: {skipped[0].reason}")
    return InputError(f"none of the {counted(len(skipped), 'file')} could be read" if skipped else "no video was found")
