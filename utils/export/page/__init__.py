"""A web page that answers: one folder with an exported model, which a browser runs on the reader's own machine.

```
cats/
    index.html, page.css, *.mjs, check.js    the page: pictures in, probabilities out, nothing sent anywhere
    model.onnx, model.json                   the model, and how a picture is prepared for it
    onnxruntime/                             what runs it in a browser, with its licence
    README.txt                               the one line that opens it
```

`site/` holds the page as it is, plain HTML, CSS and JavaScript modules. Introduced in lesson 08.
"""

from utils.export.page.writing import write_page

__all__ = ["write_page"]
