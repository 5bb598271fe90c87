"""Places for vehicles: a street, a car park, a road through the country; (rng, size) -> RGB image."""

from photo import chosen
from PIL import ImageDraw
from scenery import GREENS, below, ground, mottled, ramp, ridge, sky, tone


def street(rng, size):
    """Fronts of houses with windows, a pavement, a roadway."""
    (width, height), top = size, below(rng, size, 0.45, 0.75)
    image = sky(rng, size)
    draw, x = ImageDraw.Draw(image), -width * rng.uniform(0, 0.3)
    while x < width:
        wide = width * rng.uniform(0.25, 0.65)
        front(draw, rng, (x, top * rng.uniform(-0.2, 0.35), x + wide, top))
        x += wide
    ground(image, rng, top, (200, 260), (0.0, 0.12), (0.3, 0.7))
    kerb = top + (height - top) * rng.uniform(0.15, 0.5)
    draw.line((0, kerb, width, kerb), fill=tone(rng, (30, 60), (0, 0.2), (0.6, 0.9)), width=max(1, height // 40))
    if rng.random() < 0.4:
        y = kerb + (height - kerb) * rng.uniform(0.3, 0.8)
        for x in range(int(rng.integers(-20, 0)), width, max(8, width // 5)):
            draw.line((x, y, x + width // 9, y), fill=(225, 222, 210), width=max(1, height // 36))
    return image


def front(draw, rng, box):
    """The front of one house, or a hedge."""
    left, top, right, bottom = box
    if rng.random() < 0.15:
        draw.rectangle((left, (top + bottom) / 2, right, bottom), fill=tone(rng, GREENS, (0.3, 0.7), (0.2, 0.5)))
        return
    wall = tone(rng, chosen(rng, [(5, 50), (5, 50), (190, 230)]), (0.03, 0.45), (0.35, 0.95))
    glass = tone(rng, (190, 240), (0.1, 0.5), (0.15, 0.9))
    draw.rectangle(box, fill=wall)
    across, down = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    wide, high = (right - left) / across, (bottom - top) / down
    for column in range(across):
        for row in range(down):
            x, y = left + (column + 0.25) * wide, top + (row + 0.25) * high
            draw.rectangle((x, y, x + 0.5 * wide, y + 0.55 * high), fill=glass)


def car_park(rng, size):
    """Bays marked on asphalt, a wall, a hedge or a fence behind."""
    (width, height), top = size, below(rng, size, 0.2, 0.55)
    image = sky(rng, size)
    behind, draw = rng.random(), ImageDraw.Draw(image)
    edge = top * rng.uniform(0.1, 0.7)
    if behind < 0.4:
        draw.rectangle((0, edge, width, top), fill=tone(rng, (5, 50), (0.02, 0.4), (0.4, 0.9)))
        draw.line((0, edge, width, edge), fill=tone(rng, (0, 50), (0, 0.3), (0.2, 0.6)), width=max(1, height // 40))
    elif behind < 0.75:
        ridge(image, rng, edge + 0.1 * height, 0.12 * height, tone(rng, GREENS, (0.3, 0.7), (0.2, 0.55)))
    else:
        for x in range(0, width, max(3, width // 24)):
            draw.line((x, edge, x, top), fill=tone(rng, (0, 60), (0, 0.1), (0.4, 0.7)))
    asphalt(image, rng, top)
    away, step = width * rng.uniform(0.2, 0.8), width * rng.uniform(0.35, 0.8)
    shade, thick = chosen(rng, [(228, 226, 218), (228, 226, 218), (214, 178, 60)]), max(1, width // 60)
    for line in range(-5, 7):
        x = away + line * step
        draw.line((away + (x - away) * 0.55, top, x, height), fill=shade, width=thick)
    return image


def country_road(rng, size):
    """A roadway before fields and trees."""
    image, top = sky(rng, size), below(rng, size, 0.3, 0.55)
    (width, height), draw = size, ImageDraw.Draw(image)
    for row in range(int(rng.integers(1, 3))):
        ridge(image, rng, top, height * (0.35 - 0.15 * row), tone(rng, (70, 200), (0.15, 0.5), (0.35, 0.75)))
    ground(image, rng, top, chosen(rng, [GREENS, (40, 60)]))
    for _ in range(int(rng.integers(0, 4))):
        x, r, foot = rng.uniform(0, width), height * rng.uniform(0.08, 0.22), top * rng.uniform(0.9, 1.05)
        draw.rectangle((x - r / 8, foot - r, x + r / 8, foot), fill=(70, 54, 40))
        draw.ellipse((x - r, foot - 2.6 * r, x + r, foot - 0.6 * r), fill=tone(rng, (40, 140), (0.3, 0.7), (0.2, 0.6)))
    kerb = round(top + (height - top) * rng.uniform(0.05, 0.4))
    asphalt(image, rng, kerb)
    draw.line((0, kerb, width, kerb), fill=(215, 212, 200), width=max(1, height // 50))
    return image


def asphalt(image, rng, top):
    """A roadway below `top`, grey, dry or wet."""
    size, hues = (image.width, image.height - top), (200, 260)
    far, near = tone(rng, hues, (0.0, 0.15), (0.25, 0.75)), tone(rng, hues, (0.0, 0.15), (0.2, 0.65))
    image.paste(mottled(ramp(size, far, near), rng, int(rng.integers(6, 30)), rng.uniform(1.5, 8)), (0, top))
