"""Public data sets of facial expressions, read as they are distributed."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_datasets() -> list[Component]:
    """Every one reads the distributed layout and maps classes by their names."""
    return [
        Component(
            name="raf_db",
            summary="RAF-DB, basic emotions: 12271 and 3068 photographs",
            factory="ferkit_datasets.raf_db:make_raf_db",
            params="ferkit_datasets.params:RafDbParams",
            source="Li, Deng, Du (2017); row A18",
        ),
        Component(
            name="ck_plus",
            summary="CK+: 327 labelled sequences, from neutral to a posed peak",
            factory="ferkit_datasets.ck_plus:make_ck_plus",
            params="ferkit_datasets.params_lab:CkPlusParams",
            source="Lucey et al. (2010); rows A16, B22",
        ),
        Component(
            name="afew",
            summary="AFEW 8.0: 773 and 383 clips of films, and the unlabelled test",
            factory="ferkit_datasets.afew:make_afew",
            params="ferkit_datasets.params_video:AfewParams",
            source="Dhall et al. (2012), EmotiW 2018; row B21",
        ),
        Component(
            name="rafd",
            summary="RaFD: 67 people, posed; 1407 frontal images",
            factory="ferkit_datasets.rafd:make_rafd",
            params="ferkit_datasets.params_lab:RafdParams",
            source="Langner et al. (2010); row A17",
        ),
        Component(
            name="bold",
            summary="BoLD: 9876 clips of films as unlabelled data",
            factory="ferkit_datasets.bold:make_bold",
            params="ferkit_datasets.params_video:BoldParams",
            source="Luo et al. (2020), arXiv:1808.09568; row B23",
        ),
        Component(
            name="ferv39k",
            summary="FERV39k: 31088 and 7847 clips from 22 kinds of scenes",
            factory="ferkit_datasets.ferv39k:make_ferv39k",
            params="ferkit_datasets.params_video:Ferv39kParams",
            source="Wang et al. (2022)",
        ),
        Component(
            name="crema_d",
            summary="CREMA-D: 7442 spoken clips of 91 actors, with crowd votes",
            factory="ferkit_datasets.crema_d:make_crema_d",
            params="ferkit_datasets.params_video:CremaDParams",
            source="Cao et al. (2014)",
        ),
        Component(
            name="ravdess",
            summary="RAVDESS: 24 actors speak and sing two sentences",
            factory="ferkit_datasets.ravdess:make_ravdess",
            params="ferkit_datasets.params_video:RavdessParams",
            source="Livingstone, Russo (2018)",
        ),
        Component(
            name="jaffe",
            summary="JAFFE: 213 photographs of ten Japanese women, posed",
            factory="ferkit_datasets.jaffe:make_jaffe",
            params="ferkit_datasets.params_lab:JaffeParams",
            source="Lyons et al. (1998)",
        ),
        Component(
            name="kdef",
            summary="KDEF: 70 people, posed twice; 980 straight photographs",
            factory="ferkit_datasets.kdef:make_kdef",
            params="ferkit_datasets.params_lab:KdefParams",
            source="Lundqvist, Flykt, Oehman (1998)",
        ),
        Component(
            name="muxspace",
            summary="muxspace/facial_expressions: some 13700 faces, labelled by students",
            factory="ferkit_datasets.muxspace:make_muxspace",
            params="ferkit_datasets.params_wild:MuxspaceParams",
            source="github.com/muxspace/facial_expressions",
        ),
        Component(
            name="dfew",
            summary="DFEW: 11697 clips of films in five official folds, ten votes each",
            factory="ferkit_datasets.dfew:make_dfew",
            params="ferkit_datasets.params_video:DfewParams",
            source="Jiang et al. (2020)",
        ),
        Component(
            name="fer2013",
            summary="FER2013: 35887 grey faces of 48 px, as a table or in folders",
            factory="ferkit_datasets.fer2013:make_fer2013",
            params="ferkit_datasets.params_wild:Fer2013Params",
            source="Goodfellow et al. (arXiv:1307.0414)",
        ),
        Component(
            name="ferplus",
            summary="FER+: ten votes for each image of FER2013, as labels or distributions",
            factory="ferkit_datasets.ferplus:make_ferplus",
            params="ferkit_datasets.params_wild:FerPlusParams",
            source="Barsoum et al. (arXiv:1608.01041)",
        ),
        Component(
            name="affectnet",
            summary="AffectNet, as people annotated it: 283901 faces of the web, and 3500 to test",
            factory="ferkit_datasets.affectnet:make_affectnet",
            params="ferkit_datasets.params_wild:AffectNetParams",
            source="Mollahosseini, Hasani, Mahoor (arXiv:1708.03985); row A19",
        ),
    ]
