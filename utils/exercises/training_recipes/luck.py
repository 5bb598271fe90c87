"""Exercise 1: which knobs can be told from luck."""

import numpy as np
from scipy import stats

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, shown

# Runs of the plain recipe, what they do to each knob's difference besides, and how many of its own spreads (divided by
# n - 1) the mean difference of a knob is. With these each of the usual slips tells others apart.
SPREAD = 0.004
RUNS = [
    ([0.88, 0.95, 0.91, 0.97, 0.86], [-1.0, 1.1, 0.6, -1.2, 0.5],
     {"flips": 1.6, "mixup": 1.19, "clipping": 1.13, "high rate": -2.0, "ema": 0.975, "focal": 0.92, "one cycle": 3.0,
      "cutmix": 1.05, "decay": 0.6, "warm-up": 0.2, "adam": -0.2, "erasing": 1.75, "blur": 0.5,
      "cooling": 2.6}),
    ([0.71, 0.60, 0.66], [0.9, 0.2, -1.1],
     {"smoothing": 2.3, "low rate": -4.5, "freezing": 3.1, "cutmix": 1.8, "flips": 1.3, "focal": 0.4, "adam": 1.65,
      "erasing": 1.975, "decay": 1.88}),
    ([0.5, 0.61, 0.55, 0.66, 0.52, 0.59, 0.63, 0.48], [1, -1, 0.5, -0.7, 0.9, -1.2, 0.2, 0.3],
     {"teacher": 0.95, "no decay": -0.78, "adam": 0.1}),
    # Plain runs so near to one another that another way's stand in another order.
    ([0.902, 0.905, 0.900, 0.904], [1.2, -0.9, 0.4, -0.7], {"flips": 1.3, "mixup": 2.4, "ema": 1.5, "focal": -1.2, "adam": 0.3}),
]  # fmt: skip
IDLE = "save often"  # changes nothing at all


def told_apart(plain, ways):
    found = []
    for name, scores in ways.items():
        differences = np.array(scores) - np.array(plain)
        n = len(differences)
        half = stats.t.ppf(0.975, n - 1) * differences.std(ddof=1) / np.sqrt(n)
        if abs(differences.mean()) > half:
            found.append(name)
    return found


def probe_told_apart(answer):
    for plain, noise, ratios in RUNS:
        ways = _scores(plain, noise, ratios)
        case = f"{len(plain)} runs of each, plain {plain}"
        said = asked(answer, case, list(plain), {name: list(scores) for name, scores in ways.items()})
        got = as_list(said, "the names of the ways that can be told from luck, a list")
        strange = [name for name in got if not isinstance(name, str) or name not in ways]
        if strange:
            raise NotYet(f"{case}: {shown(strange[0])} is none of the names.")
        if set(got) != set(told_apart(plain, ways)):
            raise NotYet(f"{case}: you say {shown(sorted(set(got)))}. {_which(set(got), plain, ways)}")


def _scores(plain, noise, ratios):
    """The scores of each way: {name: (n,)}."""
    noise = (np.array(noise) - np.mean(noise)) / np.std(noise, ddof=1)
    ways = {name: np.round(plain + SPREAD * (noise + ratio), 5).tolist() for name, ratio in ratios.items()}
    return {**ways, IDLE: list(plain)}


def _which(got, plain, ways):
    by_ways = _by_interval(lambda _: _student(len(ways)), root=lambda _: np.sqrt(len(ways)))
    for words, slip in {**SLIPS, "n is the number of runs, and not that of the ways.": by_ways}.items():
        if got == {name for name, scores in ways.items() if slip(np.array(plain), np.array(scores))}:
            return words
    right = set(told_apart(plain, ways))
    name = next(name for name in ways if (name in got) != (name in right))
    differences = np.round(np.array(ways[name]) - np.array(plain), 4).tolist()
    verdict = "cannot" if name in right else "can"
    return f"{name!r} differs by {differences} from seed to seed, and you say it {verdict} be told from luck."


def _by_interval(t, ddof=1, root=np.sqrt):
    """Whether the interval leaves out 0, with another t, another spread, or something else for the root (both from n)."""

    def slip(plain, scores):
        differences, n = scores - plain, len(plain)
        half = t(n) * differences.std(ddof=ddof) / root(n)
        return abs(differences.mean()) > half

    return slip


def _student(n):
    return stats.t.ppf(0.975, n - 1)


def _unpaired(plain, scores):
    return stats.ttest_ind(plain, scores).pvalue < 0.05


def _paired_by_rank(plain, scores):
    return _by_interval(_student)(np.sort(plain), np.sort(scores))


def _other(n):
    """Another number of runs: three for five, and five for all others."""
    return 3 if n == 5 else 5


def _better_only(plain, scores):
    return _by_interval(_student)(plain, scores) and scores.mean() > plain.mean()


SLIPS = {
    "So it is if both are sorted first, and the best is compared with the best: a pair is what the same seed has made of both.":
        _paired_by_rank,
    "So it is if the two ways are taken for strangers: what a seed does to both of them is to cancel out. Look at the "
    "differences, seed by seed.": _unpaired,
    "A knob that does harm can be told from luck too.": _better_only,
    "With so few runs 1.96 is too little: which t belongs to n - 1?": _by_interval(lambda n: 1.96),
    "The spread is divided by n; of a few runs it must be by n - 1: ddof=1.": _by_interval(_student, ddof=0),
    "That is the interval of a single run. The mean of n runs is surer than that.": _by_interval(_student, root=lambda n: 1),
    "That leaves out 5 % on one side alone, and luck goes both ways: 0.975.":
        _by_interval(lambda n: stats.t.ppf(0.95, n - 1)),
    "One degree of freedom too many: the mean has used up one.": _by_interval(lambda n: stats.t.ppf(0.975, n)),
    "That is the t of another number of runs.": _by_interval(lambda n: _student(_other(n))),
    "The root is that of another number of runs.": _by_interval(_student, root=lambda n: np.sqrt(_other(n))),
    "t and root are those of another number of runs.": _by_interval(lambda n: _student(_other(n)), root=lambda n: np.sqrt(_other(n))),
    "That is without a t: how sure would that be?": _by_interval(lambda n: 1),
    "A spread to either side is no interval of 95 %.": _by_interval(lambda n: 1, root=lambda n: 1),
    "Every difference of a mean from 0 is taken for real, and luck alone brings one almost always.":
        lambda plain, scores: scores.mean() != plain.mean(),
    "Better on average is all that is asked here. Where may the mean lie?": lambda plain, scores: scores.mean() > plain.mean(),
    "These are all of them.": lambda plain, scores: True,
}  # fmt: skip


def _told_by(slip):
    """A told_apart with another rule."""

    def told_apart(plain, ways):
        return [name for name, scores in ways.items() if slip(np.array(plain), np.array(scores))]

    return told_apart


def _leaves_out(low_above, high_below):
    """Whether an interval leaves out 0, by two questions of its ends."""

    def slip(plain, scores):
        differences = scores - plain
        half = _student(len(plain)) * differences.std(ddof=1) / np.sqrt(len(plain))
        return low_above(differences.mean() - half) or high_below(differences.mean() + half)

    return slip


def _runs_of_ways(plain, ways):
    return _told_by(_by_interval(lambda n: _student(len(ways)), root=lambda n: len(ways) ** 0.5))(plain, ways)


def _three_runs_only(plain, ways):
    return _told_by(_by_interval(lambda n: 4.30))(plain, ways)


def _five_runs_only(plain, ways):
    return _told_by(_by_interval(lambda n: 2.78))(plain, ways)


def _by_dividing(plain, ways):
    found = []
    for name, scores in ways.items():
        differences = [one - other for one, other in zip(scores, plain)]
        n, mean = len(differences), sum(differences) / len(differences)
        spread = (sum((each - mean) ** 2 for each in differences) / (n - 1)) ** 0.5
        if abs(mean) / (spread / n**0.5) > _student(n):
            found.append(name)
    return found


q1 = Question(
    number=1,
    reference=told_apart,
    probe=probe_told_apart,
    hints=[
        "The same seed stands in the same place of both lists. Take the differences first, place by place.",
        "The interval of their mean is mean ± t · spread / √n, with the spread of the differences (ddof=1) and the t of n - 1: "
        "stats.t.ppf(0.975, n - 1).",
        "A way can be told from luck where 0 lies outside: abs(differences.mean()) > half. Also where it does harm.",
    ],
    why="A seed that is good for one way is good for the other, mostly. In the differences that cancels out, and much smaller "
    "effects show with the same runs. t pays for knowing the spread from a few runs only: 4.3 for three of them.",
    mistakes=[Mistake(_told_by(slip), words) for words, slip in SLIPS.items()]
    + [Mistake(_told_by(_leaves_out(lambda low: low >= 0, lambda high: high <= 0)), "'save often' differs by [0.0, 0.0"),
       Mistake(_runs_of_ways, "and not that of the ways"),
       Mistake(_told_by(_by_interval(_student, root=lambda n: 3**0.5)), "The root is that of another number"),
       Mistake(_told_by(_by_interval(_student, root=lambda n: 5**0.5)), "The root is that of another number"),
       Mistake(_three_runs_only, "the t of another number of runs"), Mistake(_five_runs_only, "the t of another number of runs"),
       Mistake(lambda plain, ways: ["flips"], "'high rate' differs by"),
       Mistake(_by_dividing, "your code raised ZeroDivisionError"),
       Mistake(lambda plain, ways: "flips", "expected the names"), Mistake(lambda plain, ways: [0, 3], "0 is none of the names"),
       Mistake(lambda plain, ways: dict.fromkeys(ways, True), "expected the names"),
       Mistake(lambda plain, ways: [], "taken for strangers")],
)  # fmt: skip
