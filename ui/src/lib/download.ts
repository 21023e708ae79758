/** Have the browser save something. */
export function save(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** What a drawing looks like by its style sheets, which it does not take along. */
const LOOKS = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-family"] as const;
const SCALE = 2;

/** A drawing as it looks on the page, as an image that can be drawn on. */
async function imageOf(drawing: SVGSVGElement): Promise<HTMLImageElement> {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const parts = copy.querySelectorAll<SVGElement>("*");
  for (const [index, part] of drawing.querySelectorAll("*").entries()) {
    const looks = getComputedStyle(part);
    for (const name of LOOKS) parts[index]?.setAttribute(name, looks.getPropertyValue(name));
  }
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  return image;
}

/** Drawings one below the other, each with its heading and the names of its lines, as a PNG. */
export async function png(plots: readonly { title: string; element: HTMLElement }[]): Promise<Blob> {
  const parts = await Promise.all(
    plots.map(async ({ title, element }) => {
      const drawing = element.querySelector("svg") as SVGSVGElement;
      const names = [...element.querySelectorAll<HTMLElement>("[data-line]")].map((line) => ({
        text: line.dataset["line"] ?? "",
        colour: getComputedStyle(line.querySelector("i") ?? line).backgroundColor,
      }));
      return { title, image: await imageOf(drawing), drawing, names };
    }),
  );
  const canvas = document.createElement("canvas");
  const rows = (part: (typeof parts)[number]) => part.drawing.clientHeight + 34 + part.names.length * 18;
  canvas.width = (Math.max(...parts.map((part) => part.drawing.clientWidth)) + 24) * SCALE;
  canvas.height = (parts.reduce((sum, part) => sum + rows(part), 0) + 12) * SCALE;
  draw(canvas, parts, rows);
  return new Promise((resolve, refuse) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : refuse(new Error("The browser makes no PNG.")))),
  );
}

interface Part {
  title: string;
  image: HTMLImageElement;
  drawing: SVGSVGElement;
  names: { text: string; colour: string }[];
}

function draw(canvas: HTMLCanvasElement, parts: Part[], rows: (part: Part) => number): void {
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  const looks = getComputedStyle(parts[0]?.drawing.closest(".panel") ?? document.body);
  pen.scale(SCALE, SCALE);
  pen.fillStyle = looks.backgroundColor;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  let top = 12;
  for (const part of parts) {
    pen.fillStyle = looks.color;
    pen.font = `600 13px ${looks.fontFamily}`;
    pen.fillText(part.title, 12, top + 12);
    pen.drawImage(part.image, 12, top + 20, part.drawing.clientWidth, part.drawing.clientHeight);
    pen.font = `12px ${looks.fontFamily}`;
    for (const [index, name] of part.names.entries()) {
      const line = top + 34 + part.drawing.clientHeight + index * 18;
      pen.fillStyle = name.colour;
      pen.fillRect(12, line - 8, 12, 8);
      pen.fillStyle = looks.color;
      pen.fillText(name.text, 30, line);
    }
    top += rows(part);
  }
}
