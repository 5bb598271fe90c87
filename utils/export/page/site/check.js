// Says why the page cannot work here, before anything newer is loaded. In plain old JavaScript, so that an old browser reads it.
(function () {
  function show(id) {
    document.documentElement.setAttribute("data-cannot", id);
    document.getElementById(id).hidden = false;
  }

  function lacking() {
    if (!window.WebAssembly) return "It lacks WebAssembly, or it is switched off.";
    if (!window.createImageBitmap) return "It lacks createImageBitmap, which opens pictures.";
    if (!("noModule" in HTMLScriptElement.prototype)) return "It lacks JavaScript modules.";
    return "";
  }

  if (location.protocol === "file:") return show("from-file");
  var missing = lacking();
  if (!missing) return;
  document.getElementById("lacking").textContent = missing;
  show("too-old");
})();
