// Draws places and pages, the entries between them, and the reverse map: an edge that a side lacks is marked. `groupsOfPlaces` and `folios` name for each
// place and page what it belongs to, or null.
function graph(edges, [places, groupsOfPlaces], [pages, folios], names) {
  const draw = (tag, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const [width, row, box, tall] = [560, 76, 96, 32];
  const height = 30 + row * Math.max(places.length, pages.length);
  const y = (list, item) => 62 + row * list.indexOf(item) + (row * (Math.max(places.length, pages.length) - list.length)) / 2;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${places.length} places and ${pages.length} pages; the list behind it names the edges that differ` });
  const defs = draw("defs", {});
  for (const [id, colour] of [["entry", "--faint"], ["reverse", "--link"], ["odd", "--bad"]]) {
    const marker = draw("marker", { id: `to-${id}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" });
    marker.append(draw("path", { d: "M0 0 8 4 0 8z", style: `fill:var(${colour});stroke:none` }));
    defs.append(marker);
  }
  svg.append(defs, draw("text", { x: 8, y: 16, class: "label" }, "places"), draw("text", { x: width - 8, y: 16, class: "label", "text-anchor": "end" }, "pages"),
    draw("text", { x: width / 2, y: 16, class: "label", "text-anchor": "middle" }, "entry →   ← reverse map"));
  for (const edge of edges) {
    const isOdd = edge.missing.length > 0;
    const bend = edge.kind === "entry" ? -16 : 16;
    const [left, right] = [y(places, edge.place) + bend / 3, y(pages, edge.page) + bend / 3];
    const [from, to] = [box + 10, width - box - 10];
    const middle = (left + right) / 2 + bend;
    const path = edge.kind === "entry" ? `M${from} ${left} Q${width / 2} ${middle} ${to} ${right}` : `M${to} ${right} Q${width / 2} ${middle} ${from} ${left}`;
    svg.append(draw("path", { d: path, class: `${edge.kind}${isOdd ? " odd" : ""}`, "marker-end": `url(#to-${isOdd ? "odd" : edge.kind})` }));
    if (isOdd) svg.append(draw("text", { x: width / 2, y: (left + right) / 2 + bend + (bend < 0 ? -1 : 12), class: "odd-label", "text-anchor": "middle" }, `only ${names(edge.sides)}`));
  }
  const node = (x, middle, text) => svg.append(draw("rect", { x, y: middle - tall / 2, width: box, height: tall, rx: 6 }),
    draw("text", { x: x + box / 2, y: middle + 5, "text-anchor": "middle" }, text));
  // What belongs together has a frame around it: the places of a huge entry, the pages of a folio.
  const frames = (list, groups, x, word) => list.forEach((item, index) => {
    if (groups[index] === null || index > 0 && groups[index] === groups[index - 1]) return;
    let last = index;
    while (groups[last + 1] === groups[index]) last += 1;
    const [top, bottom] = [y(list, item) - tall / 2 - 9, y(list, list[last]) + tall / 2 + 9];
    svg.append(draw("rect", { x, y: top, width: box + 14, height: bottom - top, rx: 9, class: "group" }),
      draw("text", { x: x + (box + 14) / 2, y: top - 4, class: "label", "text-anchor": "middle" }, word));
  });
  frames(places, groupsOfPlaces, 1, "huge entry");
  frames(pages, folios, width - box - 15, "folio");
  places.forEach((place) => node(8, y(places, place), place));
  pages.forEach((page) => node(width - box - 8, y(pages, page), page));
  return svg;
}
