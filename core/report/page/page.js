
// Says the values under the pointer; the page is complete without it.
for (const svg of document.querySelectorAll("svg.chart")) {
  const d = JSON.parse(svg.dataset.chart), [l, t, w, h] = d.plot, [x0, x1] = d.range;
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  const cross = document.createElementNS("http://www.w3.org/2000/svg", "line");
  cross.setAttribute("class", "cross"); cross.setAttribute("y1", t); cross.setAttribute("y2", t + h);
  svg.parentNode.append(tip);
  const show = v => String(+v.toPrecision(4)), add = (tag, text) => tip.append(Object.assign(document.createElement(tag), { textContent: text }));
  svg.addEventListener("pointermove", e => {
    const box = svg.getBoundingClientRect(), unit = box.width / svg.viewBox.baseVal.width;
    const x = x0 + (x1 - x0) * ((e.clientX - box.left) / unit - l) / w;
    let near = null;
    for (const line of d.lines) for (const p of line.p) if (!near || Math.abs(p[0] - x) < Math.abs(near - x)) near = p[0];
    if (near === null || x < x0 - (x1 - x0) * 0.03 || x > x1 + (x1 - x0) * 0.03) return hide();
    const at = l + w * (near - x0) / (x1 - x0);
    cross.setAttribute("x1", at); cross.setAttribute("x2", at); svg.append(cross);
    tip.textContent = ""; add("span", d.x + " " + show(near));
    for (const line of d.lines) {
      const p = line.p.find(p => p[0] === near);
      if (p) { tip.append("  "); add("b", show(p[1]) + d.unit); }
    }
    tip.hidden = false;
    const host = svg.parentNode.getBoundingClientRect(), left = box.left - host.left + at * unit;
    tip.style.top = box.top - host.top + t * unit - 26 + "px";
    tip.style.left = Math.min(left + 10, host.width - tip.offsetWidth - 8) + "px";
  });
  const hide = () => { tip.hidden = true; cross.remove(); };
  svg.addEventListener("pointerleave", hide);
}
