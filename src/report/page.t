#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uses a report's page as a reader does, in headless Chromium through its driver: sorts and
filters tables, points at charts, zooms into flame graphs, follows links, prints."""
import functools
import http.server
import os
import subprocess
import sys
import tempfile
import threading

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--window-size=1200,1000", "--force-prefers-reduced-motion",
)  # fmt: skip


def start(profile):
    options = webdriver.ChromeOptions()
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options)


class Page:
    def __init__(self, driver, path):
        self.driver, self.address = driver, "file://" + os.path.abspath(path)
        driver.get(self.address)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def overview(self):
        """The table of all endpoints."""
        return self.one("table[aria-label^='Endpoints, by']")

    def rows(self, table):
        return [row for row in table.find_elements(By.CSS_SELECTOR, "tbody tr") if row.is_displayed()]

    def column(self, table, header):
        headers = [cell.text for cell in table.find_elements(By.CSS_SELECTOR, "thead th")]
        number = next(i for i, text in enumerate(headers) if text.startswith(header))
        return [row.find_elements(By.CSS_SELECTOR, "th, td")[number].text for row in self.rows(table)]

    def point_at(self, element):
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        ActionChains(self.driver).move_to_element(element).perform()

    def is_folded(self, element):
        return not self.driver.execute_script("return arguments[0].checkVisibility()", element)

    def tip(self):
        tip = self.one("#tip")
        return tip.text if tip.is_displayed() else ""


def count(text):
    return int(text.replace("\u202f", ""))


def a_table_is_sorted_by_a_click_and_by_a_key(page):
    table = page.overview()
    button = table.find_element(By.XPATH, ".//thead//button[text()='Requests']")
    button.click()
    falling = [count(text) for text in page.column(table, "Requests")]
    assert len(falling) > 2 and falling == sorted(falling, reverse=True), falling
    button.send_keys(Keys.ENTER)
    rising = [count(text) for text in page.column(table, "Requests")]
    assert rising == sorted(falling), rising
    assert button.find_element(By.XPATH, "..").get_attribute("aria-sort") == "ascending"


def a_table_is_filtered_by_what_is_typed(page):
    table = page.overview()
    names = page.column(table, "Endpoint")
    wanted = names[0]
    box = table.find_element(By.XPATH, "../preceding-sibling::input[@type='search'][1]")
    box.send_keys(wanted.upper())
    shown = page.column(table, "Endpoint")
    assert shown == [name for name in names if wanted.lower() in name.lower()], shown
    box.send_keys(Keys.CONTROL + "a", Keys.DELETE)
    assert page.column(table, "Endpoint") == names


def a_chart_tells_its_values_where_one_points(page):
    told = set()
    for title in page.all("figure svg title")[::25][:6]:
        page.point_at(title.find_element(By.XPATH, ".."))
        told.add(page.tip())
    told.discard("")
    assert len(told) > 2, told
    assert all(any(character.isdigit() for character in tip) for tip in told), told


class Flame:
    """The first flame graph of the page."""

    def __init__(self, page):
        self.page = page
        self.svg = page.one("svg:has([data-frame])")
        self.frames = self.svg.find_elements(By.CSS_SELECTOR, "[data-frame]")
        page.point_at(self.svg)

    def width(self, frame):
        return float(frame.find_element(By.TAG_NAME, "rect").get_attribute("width"))

    def widths(self):
        """0 of those that are not shown."""
        return [self.width(frame) if frame.is_displayed() else 0 for frame in self.frames]

    def narrow(self):
        """A frame that is not as wide as the whole."""
        return next(frame for frame in self.frames if self.width(frame) < self.width(self.frames[0]) / 2)

    def click(self, frame):
        self.page.point_at(frame)
        ActionChains(self.page.driver).click(frame).perform()


def a_click_makes_a_frame_as_wide_as_the_whole(page):
    flame = Flame(page)
    frame, before = flame.narrow(), flame.widths()
    flame.click(frame)
    whole = before[0]
    assert abs(flame.width(frame) - whole) < 0.1, (flame.width(frame), whole)
    assert flame.widths().count(whole) > before.count(whole), flame.widths()
    flame.click(flame.frames[0])
    assert flame.widths() == before


def frames_are_found_by_name(page):
    flame = Flame(page)
    wanted = flame.frames[-1].get_attribute("data-frame")
    box = flame.svg.find_element(By.XPATH, "preceding-sibling::input")
    box.send_keys(wanted.upper())
    found = [frame.get_attribute("data-frame") for frame in page.all("svg .found")]
    alike = [name for frame in flame.frames[1:] if wanted in (name := frame.get_attribute("data-frame"))]
    assert found == alike and found, (found, wanted)
    told = flame.svg.find_element(By.XPATH, "preceding-sibling::output").text
    assert told.startswith(f"{len(found)} frames, ") and told.endswith(" % of all"), told
    box.send_keys(Keys.CONTROL + "a", Keys.DELETE)
    assert not page.all("svg .found")


def a_flame_graph_follows_keys(page):
    flame = Flame(page)
    page.driver.execute_script("arguments[0].focus()", flame.frames[0])
    active = page.driver.switch_to.active_element
    active.send_keys(Keys.ARROW_DOWN)
    below = page.driver.switch_to.active_element
    assert below.get_attribute("data-frame") == flame.frames[1].get_attribute("data-frame")
    assert below.get_attribute("data-frame") in page.tip()
    before, narrow = flame.widths(), flame.narrow()
    page.driver.execute_script("arguments[0].focus()", narrow)
    narrow.send_keys(Keys.ENTER)
    assert flame.widths() != before
    narrow.send_keys(Keys.ESCAPE)
    assert flame.widths() == before


def a_link_leads_to_its_endpoint(page):
    link = page.overview().find_element(By.CSS_SELECTOR, "tbody a")
    name = link.text
    page.point_at(link)
    link.click()
    heading = page.one("section h3:target")
    assert heading.text.startswith(name), (heading.text, name)
    top = page.driver.execute_script("return arguments[0].getBoundingClientRect().top", heading)
    assert -1 <= top < 1000, top


def a_link_from_elsewhere_opens_what_is_folded(page):
    folded = page.one("details:not([open])")
    page.driver.execute_script("arguments[0].querySelector('table').id = 'inside'", folded)
    inside = folded.find_element(By.CSS_SELECTOR, "table")
    assert page.is_folded(inside)
    page.driver.execute_script("location.hash = '#inside'")
    page.driver.execute_async_script("setTimeout(arguments[0], 50)")
    assert not page.is_folded(inside)


# Texts with less contrast than WCAG 2.2 asks for (1.4.3, AA), of what is not in a picture.
FAINT = """
const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
const seen = new Map();
function rgba(colour) {
  if (!seen.has(colour)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    seen.set(colour, Array.from(canvas.getImageData(0, 0, 1, 1).data));
  }
  return seen.get(colour);
}
function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((c) => {
    c /= 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}
function paper(element) {
  for (let e = element; e; e = e.parentElement) {
    const colour = rgba(getComputedStyle(e).backgroundColor);
    if (colour[3] === 255) return colour;
  }
  return rgba(matchMedia("(prefers-color-scheme:dark)").matches ? "#000" : "#fff");
}
const faint = new Set();
let count = 0;
for (const element of document.querySelectorAll("body *:not(svg *, script)")) {
  if (!Array.from(element.childNodes).some((n) => n.nodeType === 3 && n.data.trim())) continue;
  const style = getComputedStyle(element);
  const [high, low] = [luminance(rgba(style.color)), luminance(paper(element))].sort((a, b) => b - a);
  const contrast = (high + 0.05) / (low + 0.05);
  count++;
  if (contrast < 4.5) faint.add(element.tagName + "." + element.className + " " + contrast.toFixed(2));
}
return [count, Array.from(faint)];
"""


def text_can_be_read_in_light_and_dark(page):
    for scheme in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        count, faint = page.driver.execute_script(FAINT)
        assert count > 500 and not faint, (scheme, count, faint)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def the_first_key_leads_past_the_links(page):
    page.driver.get(page.address)
    ActionChains(page.driver).send_keys(Keys.TAB).perform()
    link = page.driver.switch_to.active_element
    assert link.text == "Skip to the report" and link.is_displayed() and link.location["x"] >= 0
    link.send_keys(Keys.ENTER)
    assert page.driver.current_url.endswith("#report")
    ActionChains(page.driver).send_keys(Keys.TAB).perform()
    after = page.driver.switch_to.active_element
    inside = page.driver.execute_script("return !!arguments[0].closest('main')", after)
    outline = after.value_of_css_property("outline-style")
    assert inside and outline == "solid", (after.text, outline)


def links_at_the_top_lead_to_every_part(page):
    links = {link.get_attribute("href").split("#")[1]: link.text for link in page.all("nav a")}
    parts = {part.get_attribute("id"): part.text.rstrip("#").strip() for part in page.all("main h2")}
    assert links == parts and "endpoints" in links and "each-endpoint" in links, (links, parts)


def a_wide_table_is_moved_by_keys(page):
    page.driver.set_window_size(420, 900)
    wide = page.overview().find_element(By.XPATH, "..")
    page.point_at(wide)
    page.driver.execute_async_script("setTimeout(arguments[0], 100)")
    assert wide.get_attribute("tabindex") == "0" and wide.get_attribute("aria-label")
    wide.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    page.driver.execute_async_script("setTimeout(arguments[0], 300)")
    assert page.driver.execute_script("return arguments[0].scrollLeft", wide) > 0
    body = page.driver.execute_script("return document.documentElement.scrollWidth")
    page.driver.set_window_size(1200, 1000)
    assert body <= 420, body


def paper_gets_all_of_it(page):
    page.driver.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert page.all("details") and not page.all("details:not([open])")
    assert len(page.driver.print_page()) > 100000


def nothing_was_refused_or_failed(page):
    said = [entry["message"] for entry in page.driver.get_log("browser")]
    assert not said, said


class AsJenkins(http.server.SimpleHTTPRequestHandler):
    """Serves files with the policy that Jenkins has for what builds leave behind."""

    def end_headers(self):
        policy = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"
        self.send_header("Content-Security-Policy", policy)
        super().end_headers()

    def log_message(self, *_):
        pass


def a_page_without_script_and_style_has_all_of_it(page):
    folder, name = os.path.split(page.address.removeprefix("file://"))
    said = page.driver.execute_script("return document.querySelector('main').textContent.length")
    handler = functools.partial(AsJenkins, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page.driver.get(f"http://127.0.0.1:{server.server_port}/{name}")
        assert not page.all("button, input, #tip")  # what the script makes
        assert page.one("h2").value_of_css_property("border-top-width") == "0px"  # the sheet's
        there = page.driver.execute_script("return document.querySelector('main').textContent.length")
        assert there > 0.9 * said, (there, said)
        shown = [svg.size for svg in page.all("figure > svg")]
        assert len(shown) > 20 and all(size["width"] >= 500 for size in shown), shown
        folded = page.one("details:not([open])")
        folded.find_element(By.TAG_NAME, "summary").click()
        assert folded.find_element(By.CSS_SELECTOR, "td").is_displayed()
        page.overview().find_element(By.CSS_SELECTOR, "tbody a").click()
        assert page.one("section h3:target").is_displayed()
        server.shutdown()
    page.driver.get_log("browser")  # what was refused on purpose


def how_fast_it_opens(page):
    """Milliseconds to the first paint and to the load event, told in a comment."""
    page.driver.get(page.address)
    return page.driver.execute_script(
        "return [performance.getEntriesByType('paint')[0].startTime,"
        "performance.getEntriesByType('navigation')[0].loadEventEnd].map(Math.round)"
    )


TESTS = (
    a_table_is_sorted_by_a_click_and_by_a_key,
    a_table_is_filtered_by_what_is_typed,
    a_chart_tells_its_values_where_one_points,
    a_click_makes_a_frame_as_wide_as_the_whole,
    frames_are_found_by_name,
    a_flame_graph_follows_keys,
    a_link_leads_to_its_endpoint,
    a_link_from_elsewhere_opens_what_is_folded,
    text_can_be_read_in_light_and_dark,
    the_first_key_leads_past_the_links,
    links_at_the_top_lead_to_every_part,
    a_wide_table_is_moved_by_keys,
    paper_gets_all_of_it,
    nothing_was_refused_or_failed,
    a_page_without_script_and_style_has_all_of_it,
)


def make_report(folder):
    """A page about made-up requests."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    build = os.environ.get("FMD_BUILD", os.path.join(root, "build/release"))
    traces, page = os.path.join(folder, "traces"), os.path.join(folder, "report.html")
    made = ("--requests", "20000", "--endpoints", "15", "--versions", "2", "--days", "3")
    subprocess.run([f"{build}/gen-traces", *made, "--out", traces], check=True, stdout=subprocess.DEVNULL)
    with_stacks = os.path.join(folder, "stacks.fmd")
    subprocess.run([f"{build}/levels-trace", "whole", with_stacks], check=True)
    with open(page, "w") as out:
        subprocess.run([f"{build}/fmd-analyze", traces, with_stacks, "--format", "html"], check=True, stdout=out)
    return page


def run(page):
    """All tests, each told; how many failed."""
    failed = 0
    for number, test in enumerate(TESTS, 1):
        name = test.__name__.replace("_", " ")
        try:
            test(page)
            print(f"ok {number} - {name}", flush=True)
        except Exception as error:  # the others go on
            failed += 1
            said = f"{type(error).__name__}: {error}".replace("\n", "\n# ")
            print(f"not ok {number} - {name}\n# {said}", flush=True)
    return failed


def main():
    print(f"1..{len(TESTS)}")
    with tempfile.TemporaryDirectory(prefix="fmd-page-") as folder:
        report = make_report(folder)
        driver = start(os.path.join(folder, "profile"))
        try:
            page = Page(driver, report)
            painted_ms, loaded_ms = how_fast_it_opens(page)
            print(f"# {os.path.getsize(report)} bytes: painted after {painted_ms} ms, loaded after {loaded_ms} ms")
            return run(page)
        finally:
            driver.quit()


if __name__ == "__main__":
    sys.exit(main())
