"""Runs as `catalogue_child.py FORMAT`, after child_start.py: reads the facts as JSON on standard input, writes RDF on standard
output. Properties and vocabularies: https://docs.dataportal.se/dcat/3.0.0/sv/ and https://semiceu.github.io/DCAT-AP/releases/3.0.0/
"""

import json
import sys
from typing import Any

from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF, SKOS, XSD

VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
PUBLISHER = Namespace("http://purl.org/adms/publishertype/")
EU = "http://publications.europa.eu/resource/authority/"
IANA = Namespace("https://www.iana.org/assignments/media-types/")
VERSION = URIRef(f"{DCAT}version")  # of DCAT 3, which the library's namespace does not list yet
THEME = URIRef(f"{EU}data-theme/JUST")  # justice, legal system and public safety

LANGUAGES = {
    "sv": "SWE", "sv-easy": "SWE", "en": "ENG", "ar": "ARA", "bg": "BUL", "de": "DEU", "es": "SPA", "et": "EST", "fa": "FAS",
    "fr": "FRA", "hu": "HUN", "lt": "LIT", "lv": "LAV", "pl": "POL", "pt": "POR", "ro": "RON", "ru": "RUS", "so": "SOM",
    "sq": "SQI", "th": "THA", "ti": "TIR", "tr": "TUR", "uk": "UKR", "vi": "VIE", "zh": "ZHO",
}  # fmt: skip
FILE_TYPES = {"pdf": "PDF", "docx": "DOCX", "pptx": "PPTX", "xlsx": "XLSX", "odt": "ODT", "txt": "TXT", "html": "HTML",
              "htm": "HTML"}  # fmt: skip


def _named(graph: Graph, address: str, *kinds: URIRef) -> URIRef:
    """A thing that is described elsewhere, with the class that the profile's shapes ask for."""
    thing = URIRef(address)
    for kind in kinds:
        graph.add((thing, RDF.type, kind))
    return thing


def _publisher(graph: Graph, about: dict[str, str]) -> URIRef:
    agent = URIRef(about["uri"])
    graph.add((agent, RDF.type, FOAF.Agent))
    graph.set((agent, FOAF.name, Literal(about["name"], lang="sv")))
    graph.set((agent, DCTERMS.type, _named(graph, PUBLISHER[about["type"]], SKOS.Concept)))
    return agent


def _contact(graph: Graph, catalogue: URIRef, facts: dict[str, Any]) -> URIRef:
    contact = URIRef(f"{catalogue}#contact")
    graph.add((contact, RDF.type, VCARD.Kind))
    graph.add((contact, RDF.type, VCARD.Organization))
    graph.add((contact, VCARD.fn, Literal("Samverkansportalen")))
    graph.add((contact, VCARD.hasEmail, URIRef(f"mailto:{facts['email']}")))
    return contact


def _language(graph: Graph, code: str) -> tuple[str, URIRef]:
    """The tag of texts, and the language's name in the vocabulary of the EU."""
    named = _named(graph, f"{EU}language/{LANGUAGES.get(code, 'SWE')}", DCTERMS.LinguisticSystem)
    return code.partition("-")[0], named


def _distribution(graph: Graph, about: dict[str, Any]) -> URIRef:
    file, page = about["file"], about["page"]
    distribution = URIRef(f"{page}#file")
    tag, language = _language(graph, about["language"])
    graph.add((distribution, RDF.type, DCAT.Distribution))
    graph.add((distribution, DCTERMS.title, Literal(about["title"], lang=tag)))
    graph.add((distribution, DCTERMS.language, language))
    graph.add((distribution, DCAT.accessURL, URIRef(page)))
    graph.add((distribution, DCAT.downloadURL, URIRef(file["address"])))
    graph.add((distribution, DCAT.byteSize, Literal(file["size"], datatype=XSD.nonNegativeInteger)))
    graph.add((distribution, DCTERMS.modified, Literal(about["modified"], datatype=XSD.dateTime)))
    if file["media_type"]:
        graph.add((distribution, DCAT.mediaType, _named(graph, IANA[file["media_type"]], DCTERMS.MediaType)))
    if file["ending"] in FILE_TYPES:
        kind = _named(graph, f"{EU}file-type/{FILE_TYPES[file['ending']]}", DCTERMS.MediaTypeOrExtent)
        graph.add((distribution, DCTERMS.format, kind))
    if file["licence"]:
        graph.add((distribution, DCTERMS.license, _named(graph, file["licence"], DCTERMS.LicenseDocument)))
    checksum = URIRef(f"{page}#checksum")
    graph.add((distribution, SPDX.checksum, checksum))
    graph.add((checksum, RDF.type, SPDX.Checksum))
    graph.add((checksum, SPDX.algorithm, _named(graph, SPDX.checksumAlgorithm_sha256, SPDX.ChecksumAlgorithm)))
    graph.add((checksum, SPDX.checksumValue, Literal(file["sha256"], datatype=XSD.hexBinary)))
    return distribution


def _dataset(graph: Graph, about: dict[str, Any], contact: URIRef) -> URIRef:
    dataset = URIRef(f"{about['page']}#dataset")
    tag, language = _language(graph, about["language"])
    graph.add((dataset, RDF.type, DCAT.Dataset))
    graph.add((dataset, DCTERMS.identifier, Literal(str(dataset))))
    graph.add((dataset, DCTERMS.title, Literal(about["title"], lang=tag)))
    graph.add((dataset, DCTERMS.description, Literal(about["description"], lang=tag)))
    graph.add((dataset, DCTERMS.publisher, _publisher(graph, about["publisher"])))
    graph.add((dataset, DCTERMS.language, language))
    rights = _named(graph, f"{EU}access-right/PUBLIC", DCTERMS.RightsStatement, SKOS.Concept)
    graph.add((dataset, DCTERMS.accessRights, rights))
    graph.add((dataset, DCTERMS.issued, Literal(about["issued"], datatype=XSD.date)))
    graph.add((dataset, DCTERMS.modified, Literal(about["modified"], datatype=XSD.dateTime)))
    graph.add((dataset, VERSION, Literal(about["version"])))
    graph.add((dataset, DCAT.theme, _named(graph, THEME, SKOS.Concept)))
    graph.add((dataset, DCAT.contactPoint, contact))
    graph.add((dataset, DCAT.landingPage, _named(graph, about["page"], FOAF.Document)))
    for keyword in about["keywords"]:
        graph.add((dataset, DCAT.keyword, Literal(keyword, lang="sv")))
    graph.add((dataset, DCAT.distribution, _distribution(graph, about)))
    return dataset


def build(facts: dict[str, Any]) -> Graph:
    """The catalogue as a graph."""
    graph = Graph()
    for prefix, namespace in (("dcat", DCAT), ("dcterms", DCTERMS), ("foaf", FOAF), ("vcard", VCARD), ("spdx", SPDX)):
        graph.bind(prefix, namespace)
    catalogue = URIRef(facts["uri"])
    graph.add((catalogue, RDF.type, DCAT.Catalog))
    graph.add((catalogue, DCTERMS.title, Literal(facts["title"], lang="sv")))
    graph.add((catalogue, DCTERMS.description, Literal(facts["description"], lang="sv")))
    graph.add((catalogue, DCTERMS.publisher, _publisher(graph, facts["publisher"])))
    graph.add((catalogue, DCTERMS.language, _language(graph, "sv")[1]))
    graph.add((catalogue, FOAF.homepage, _named(graph, facts["homepage"], FOAF.Document)))
    graph.add((catalogue, DCAT.themeTaxonomy, _named(graph, f"{EU}data-theme", SKOS.ConceptScheme)))
    if facts["datasets"]:
        graph.add(
            (
                catalogue,
                DCTERMS.modified,
                Literal(max(one["modified"] for one in facts["datasets"]), datatype=XSD.dateTime),
            )
        )
    contact = _contact(graph, catalogue, facts)
    for about in facts["datasets"]:
        graph.add((catalogue, DCAT.dataset, _dataset(graph, about, contact)))
    return graph


def main() -> None:
    """Write the catalogue in the format that is asked for."""
    graph = build(json.loads(sys.stdin.buffer.read()))
    written = graph.serialize(format=sys.argv[1], encoding="utf-8")
    sys.stdout.buffer.write(written)


if __name__ == "__main__":
    main()
