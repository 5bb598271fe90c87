"""How far colours are apart for an eye: contrast, what colour-blind eyes see, and the distance between two of them.

A colour is anything that matplotlib takes for one. Sources: WCAG 2.1, relative luminance and contrast ratio,
https://www.w3.org/TR/WCAG21/; Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of Color Vision
Deficiency, IEEE TVCG 15 (6), 2009, severity 1, on linear sRGB; CIEDE2000 after Sharma, Wu and Dalal, Color Research and
Application 30 (1), 2005.
"""

import numpy as np
from matplotlib.colors import to_rgba

VISIONS = {
    "usual": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                            [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE_POINT = np.array([0.95047, 1.0, 1.08883])  # D65, of sRGB


def linear(colour, background="white") -> np.ndarray:
    """Linear sRGB, (3,), of a colour as it is seen on a background where it lets that through."""
    *values, alpha = to_rgba(colour)
    seen = alpha * np.array(values) + (1 - alpha) * np.array(to_rgba(background)[:3])
    return np.where(seen <= 0.04045, seen / 12.92, ((seen + 0.055) / 1.055) ** 2.4)


def contrast(colour, background="white") -> float:
    """The ratio of WCAG, from 1 to 21."""
    lights = [linear(one, background) @ (0.2126, 0.7152, 0.0722) for one in (colour, background)]
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def lab(colour, vision="usual") -> np.ndarray:
    """CIE L*a*b*, (3,), of what an eye makes of a colour."""
    shares = XYZ @ np.clip(VISIONS[vision] @ linear(colour), 0, 1) / WHITE_POINT
    roots = np.where(shares > (6 / 29) ** 3, np.cbrt(shares), shares / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * roots[1] - 16, 500 * (roots[0] - roots[1]), 200 * (roots[1] - roots[2])])


def ciede2000(one, other) -> float:
    """The distance of two colours in L*a*b*; names as in the paper, its equations 2 to 22."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    stretched = 1.5 - 0.5 * _saturated((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2)  # 1 + G
    c1, c2 = np.hypot(stretched * a1, b1), np.hypot(stretched * a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, stretched * a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    hue = np.radians(h1 + turn / 2 if c1 * c2 else h1 + h2)  # their mean, on the shorter way round
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    wave = (1 - 0.17 * np.cos(hue - np.radians(30)) + 0.24 * np.cos(2 * hue) + 0.32 * np.cos(3 * hue + np.radians(6))
            - 0.20 * np.cos(4 * hue - np.radians(63)))  # fmt: skip
    d_light = (l2 - l1) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    d_chroma = (c2 - c1) / (1 + 0.045 * chroma)
    d_hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2) / (1 + 0.015 * chroma * wave)
    bent = 60 * np.exp(-(((np.degrees(hue) % 360 - 275) / 25) ** 2))
    rotation = -2 * _saturated(chroma) * np.sin(np.radians(bent))
    return float(np.sqrt(d_light**2 + d_chroma**2 + d_hue**2 + rotation * d_chroma * d_hue))


def apart(one, other, vision="usual") -> float:
    """CIEDE2000 between two colours for an eye; about 1 is the least that is seen side by side."""
    return ciede2000(lab(one, vision), lab(other, vision))


def _saturated(chroma):
    return np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
